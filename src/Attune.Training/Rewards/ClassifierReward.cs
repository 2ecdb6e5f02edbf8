using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>What a classifier's logits become.</summary>
public enum ClassifierScore
{
    /// <summary>The probability of the labels.</summary>
    Probability,

    /// <summary>The logit of the label; of several labels, log Σ exp.</summary>
    Logit,

    /// <summary>The logarithm of the odds of the labels against the others.</summary>
    LogOdds,

    /// <summary>1 if the most likely label is one of the labels, else 0.</summary>
    Match,
}

/// <summary>The label that a text classifier gives a response, as a number.</summary>
public sealed record ClassifierReward : RewardOptions, IValidatableObject
{
    public override string Kind => "classifier";

    /// <summary>A folder with a classifier of texts, of a class *ForSequenceClassification.</summary>
    [Required(ErrorMessage = "must name a folder with a classifier")]
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>The labels that are wanted: names from id2label of config.json, or their numbers from 0.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Instead of labels: a field of the prompt's row that holds the wanted label, or a list of labels.</summary>
    public string Field { get; init; } = "";

    /// <summary>
    /// The probability of the labels, their logit, their logOdds against the other labels, or match: 1 if the most likely label is one of
    /// them, else 0.
    /// </summary>
    public ClassifierScore Score { get; init; }

    /// <summary>Whether the classifier reads the prompt before the response.</summary>
    public bool WithPrompt { get; init; } = true;

    public override IReadOnlyList<string> RowFields => Field.Length > 0 ? [Field] : [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Labels.Count > 0 == Field.Length > 0)
            yield return new("must name labels, unless field names a field that holds them", [nameof(Labels)]);
    }

    public override RewardOptions WithFullPaths() => this with { Model = ModelPath.Full(Model) };

    public override IRewardSource Build(RewardContext context) => new ClassifierSource(
        this, ModelFolder.LoadClassifier(Model, context.Policy.Model.Device), ModelFolder.LoadTokenizer(Model), context);
}

/// <summary>Scores of a classifier. A text that is longer than its context length is cut at the start.</summary>
sealed class ClassifierSource(ClassifierReward options, Classifier model, Tokenizer tokenizer, RewardContext context) : IRewardSource
{
    readonly int[] labels = [.. options.Labels.Select(label => Find(model, label)
        ?? throw new InvalidDataException($"the reward '{options.Title}': {options.Model} has no label '{label}'; {Known(model)}"))];

    public bool UsesModel => true;

    public Scores Score(Rollouts rollouts)
    {
        var responses = TextResponse.FromRollouts(rollouts, context.Policy.Tokenizer);
        var wanted = Array.ConvertAll(responses, Wanted);
        var logits = LengthBatches.Map(
            Array.ConvertAll(responses, Tokens), tokens => tokens.Length, RankWorkers.On(model.Device, context.Workers), Logits);
        return Scores.FromTotals(logits.Zip(wanted, ScoreOf));
    }

    int[] Tokens(TextResponse response) => tokenizer.EncodeWhole(
        model.Backbone, options.WithPrompt ? response.Prompt.Text + response.Text : response.Text, Side.Left);

    double[][] Logits(int[][] texts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var logits = model.Logits(TensorBatch.Padded(texts, tokenizer.FillId, model.Device)).ToArray<float>();
        return [.. logits.Select(logit => (double)logit).Chunk(model.Labels.Count)];
    }

    /// <summary>The labels that are wanted for a response.</summary>
    int[] Wanted(TextResponse response) => options.Field.Length == 0 ? labels
        : [.. response.Texts(options.Field).Select(label => Find(model, label) ?? throw new InvalidDataException(
            $"{response.Prompt.Row!.Origin}: '{options.Field}' must be a label of {options.Model} (was '{label}'); {Known(model)}"))];

    double ScoreOf(double[] logits, int[] wanted) => options.Score switch
    {
        ClassifierScore.Match => wanted.Contains(Array.IndexOf(logits, logits.Max())) ? 1 : 0,
        ClassifierScore.Logit => LogSumExp(wanted.Select(label => logits[label])),
        ClassifierScore.LogOdds => LogOdds(logits, wanted),
        _ => 1 / (1 + Math.Exp(-LogOdds(logits, wanted))),
    };

    /// <summary>log p − log(1 − p) of the labels; where each label has a probability of its own, the mean of theirs.</summary>
    double LogOdds(double[] logits, int[] wanted) => model.MultiLabel
        ? wanted.Average(label => logits[label])
        : LogSumExp(wanted.Select(label => logits[label])) - LogSumExp(logits.Where((_, label) => !wanted.Contains(label)));

    static double LogSumExp(IEnumerable<double> numbers)
    {
        double[] all = [.. numbers];
        var greatest = all.Max();
        return greatest + Math.Log(all.Sum(number => Math.Exp(number - greatest)));
    }

    /// <summary>The index of a label from its name or its number; null for none.</summary>
    static int? Find(Classifier model, string label)
    {
        for (var at = 0; at < model.Labels.Count; at++)
            if (model.Labels[at].Equals(label, StringComparison.OrdinalIgnoreCase))
                return at;
        return int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < model.Labels.Count
            ? number
            : null;
    }

    static string Known(Classifier model) => $"its labels are {string.Join(", ", model.Labels)}";
}
