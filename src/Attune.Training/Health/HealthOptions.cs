
namespace Attune.Training.Health;

/// <summary>What is done when something grave does not go away by itself.</summary>
public enum HealthAct
{
    /// <summary>It is only said.</summary>
    None,

    /// <summary>β grows, where that helps, and again after each further time of patience.</summary>
    RaiseBeta,

    /// <summary>The run goes on from its last good checkpoint, with a greater β.</summary>
    RollBack,

    /// <summary>The run stops with a checkpoint.</summary>
    Stop,
}

/// <summary>When a run counts as unwell, and what is done about it. Figures are means over the last steps.</summary>
public sealed record HealthOptions
{
    /// <summary>
    /// What is done about an alarm that lasts: none (it is only said), raiseBeta, rollBack (to the last good checkpoint, with a greater β),
    /// or stop.
    /// </summary>
    public HealthAct Act { get; init; }

    /// <summary>Steps that an alarm must last before something is done.</summary>
    public int Patience { get; init; } = 5;

    /// <summary>What β is multiplied by when it is raised.</summary>
    public double BetaFactor { get; init; } = 2;

    /// <summary>Times that a run may be rolled back; it stops when that did not help.</summary>
    public int RollBacks { get; init; } = 3;

    /// <summary>Steps that a figure is averaged over, and that make up the beginning that later steps are compared with.</summary>
    public int Window { get; init; } = 5;

    /// <summary>Alarm when the KL from the reference is above this many nats an answer.</summary>
    public double MaxKl { get; init; } = 50;

    /// <summary>Alarm when the KL is below this: sampling and training disagree.</summary>
    public double MinKl { get; init; } = -1;

    /// <summary>Alarm when the mean ratio of probabilities is further than this from 1.</summary>
    public double MaxRatioError { get; init; } = 0.1;

    /// <summary>Warning when more than this share of the tokens is clipped.</summary>
    public double MaxClipShare { get; init; } = 0.4;

    /// <summary>Alarm when the entropy of a token is less than this share of what it was in the first steps.</summary>
    public double MinEntropyShare { get; init; } = 0.3;

    /// <summary>Warning when answers are this many times as long as in the first steps, or as short.</summary>
    public double MaxLengthFactor { get; init; } = 2;

    /// <summary>Warning when a smaller share of the answers ends by itself.</summary>
    public double MinEnded { get; init; } = 0.5;

    /// <summary>Alarm when more than this share of three tokens in a row was said before in the answer, and a tenth more than in the first steps.</summary>
    public double MaxRepetition { get; init; } = 0.3;

    /// <summary>Alarm when the share of answers that differ is less than this part of what it was in the first steps.</summary>
    public double MinDistinctShare { get; init; } = 0.5;

    /// <summary>Warning when the values explain less than this share of what returns differ by; below 0 they are worse than none.</summary>
    public double MinExplainedVariance { get; init; } = -0.2;

    /// <summary>Warning when the score on held-out prompts has gained less than this share of what it gained on the training prompts.</summary>
    public double MinHeldOutShare { get; init; } = 0.5;

    /// <summary>Alarm when held-out reward has lost more than this share of its gain, at two looks, while the training score rose.</summary>
    public double MaxLostShare { get; init; } = 0.2;

    /// <summary>What is wrong with the values.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[] { ("patience", Patience), ("window", Window) })
            if (value < 1)
                yield return $"{key}: a number of at least 1 was expected, found {value}";
        if (RollBacks < 0)
            yield return $"rollBacks: a number of at least 0 was expected, found {RollBacks}";
        foreach (var (key, value) in new[] { ("betaFactor", BetaFactor), ("maxLengthFactor", MaxLengthFactor) })
            if (value <= 1)
                yield return $"{key}: a number above 1 was expected, found {value}";
    }
}
