using System.Globalization;
using Attune.Store;
using Attune.Store.Export;

namespace Attune.Studio.Export;

/// <summary>Reads the fields of <see cref="QuestionWeights"/>.</summary>
static class QuestionWeightFields
{
    public static string Name(Question question) => $"weight-{question.Key}";

    /// <summary>The questions with a weight above 0; empty where no field has one, which means the first question.</summary>
    /// <param name="settings">The project's settings.</param>
    /// <param name="field">The value of a field, by name.</param>
    /// <exception cref="InvalidDataException">A weight is not a number from 0 on.</exception>
    public static IReadOnlyList<QuestionWeight> Read(ProjectSettings settings, Func<string, string?> field) =>
        [.. settings.Questions.Select(question => new QuestionWeight(question.Key, Weight(question, field(Name(question)))))
            .Where(question => question.Weight > 0)];

    static double Weight(Question question, string? text) => string.IsNullOrWhiteSpace(text) ? 0
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) && weight is >= 0 and <= 1000 ? weight
        : throw new InvalidDataException($"the weight of {question.Key} must be a number from 0 to 1,000 (was {text})");
}
