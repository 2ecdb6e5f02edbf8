using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Which of the sampled responses are trained on.</summary>
public enum RftSelection
{
    /// <summary>Those at or above a quantile of the rewards of their prompt, which rises with each improvement step.</summary>
    Threshold,

    /// <summary>The response to each prompt with the highest reward: best-of-n distillation.</summary>
    Best,
}

/// <summary>Options of rejection-sampling fine-tuning.</summary>
public sealed record RftOptions : IValidatableObject
{
    const double DefaultStart = 0.7, DefaultEnd = 0.95;

    /// <summary>
    /// threshold: responses with a reward at or above a quantile of their prompt's rewards are trained on (trlX's RFT); best: the best
    /// response to each prompt (best-of-n distillation).
    /// </summary>
    public RftSelection Selection { get; init; }

    /// <summary>n: responses to each prompt of a round.</summary>
    [Range(2, int.MaxValue)]
    public int SamplesPerPrompt { get; init; } = 32;

    /// <summary>Prompts of a round; 0 for all training prompts.</summary>
    [Range(0, int.MaxValue)]
    public int PromptsPerRound { get; init; }

    /// <summary>Improvement steps of a round; each is one pass over the responses that it selects.</summary>
    [Range(1, int.MaxValue)]
    public int ImproveSteps { get; init; } = 4;

    /// <summary>The quantile of the first improvement step of a round (threshold only).</summary>
    [Range(0d, 1d)]
    public double StartPercentile { get; init; } = DefaultStart;

    /// <summary>
    /// The quantile that the improvement steps rise to, by equal amounts (threshold only); the step that would reach it begins the next
    /// round.
    /// </summary>
    [Range(0d, 1d)]
    public double EndPercentile { get; init; } = DefaultEnd;

    /// <summary>How many of the last rounds' responses are selected from; 0 for all rounds, as trlX.</summary>
    [Range(0, int.MaxValue)]
    public int KeepRounds { get; init; }

    /// <summary>The prompts of a round, of this many training prompts.</summary>
    public int PromptsOfRound(int prompts) => PromptsPerRound == 0 ? prompts : Math.Min(PromptsPerRound, prompts);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        const string only = "must be left out where selection is best: there is no threshold";
        if (Selection == RftSelection.Best && StartPercentile != DefaultStart)
            yield return new(only, [nameof(StartPercentile)]);
        if (Selection == RftSelection.Best && EndPercentile != DefaultEnd)
            yield return new(only, [nameof(EndPercentile)]);
        if (Selection == RftSelection.Threshold && EndPercentile < StartPercentile)
            yield return new($"must be at least startPercentile, {StartPercentile}", [nameof(EndPercentile)]);
    }
}
