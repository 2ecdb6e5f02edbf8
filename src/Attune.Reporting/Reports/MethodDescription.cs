namespace Attune.Reporting.Reports;

/// <summary>What a reader of help and reports is told about a training method.</summary>
/// <param name="Name">As in commands and recipes.</param>
public record MethodDescription(string Name)
{
    /// <summary>What its command does, in a few words that begin with a verb.</summary>
    public string Summary { get; init; } = "";

    /// <summary>A command line that uses it.</summary>
    public string Example { get; init; } = "";

    /// <summary>The title of a report about its runs.</summary>
    public string ReportTitle { get; init; } = Name;

    /// <summary>What happened in a run, in one sentence.</summary>
    public string ReportLead { get; init; } = "";

    /// <summary>
    /// Logged metrics that mean something else in its runs than in those of other methods; all others are described by
    /// <see cref="MetricGuide"/>.
    /// </summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    /// <summary>Whether its runs make a reward model, and not a language model.</summary>
    public bool MakesRewardModel { get; init; }

    /// <summary>Whether its training data has prompts.</summary>
    public bool HasPrompts { get; init; } = true;
}
