using System.Text.RegularExpressions;

namespace Attune.Store;

/// <summary>A question about the responses of an item.</summary>
/// <param name="Key">Names it in options, exports and addresses of pages.</param>
/// <param name="Text">The text that annotators read.</param>
public sealed partial record Question(string Key, string Text)
{
    public const int LongestText = 300;

    /// <summary>The most questions of a project: the page shows all of them above the choices.</summary>
    public const int Most = 9;

    /// <summary>All invalid questions of a project, one message each.</summary>
    public static IEnumerable<string> Problems(IReadOnlyList<Question> questions)
    {
        if (questions.Count > Most)
            yield return $"a project may have at most {Most} questions (was {questions.Count})";
        foreach (var (key, text) in questions)
            if (!KeyPattern().IsMatch(key))
                yield return $"the key of a question must be 1 to 30 lower-case letters, digits and dashes, such as harmless (was '{key}')";
            else if (string.IsNullOrWhiteSpace(text) || text.Length > LongestText)
                yield return $"the question {key} must have a text of 1 to {LongestText} characters";
        if (questions.GroupBy(question => question.Key, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            yield return $"two questions have the key {twice.Key}; keys must differ";
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,29}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KeyPattern();
}
