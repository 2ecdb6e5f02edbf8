using Attune.Data;

namespace Attune.Reporting.Reports;

/// <summary>The description of a training method in help and reports.</summary>
/// <param name="Name">The name in commands and recipes.</param>
public record MethodDescription(string Name)
{
    /// <summary>What its command does, in a few words, beginning with a verb.</summary>
    public string Summary { get; init; } = "";

    /// <summary>What it learns from.</summary>
    public virtual DataUse Reads { get; init; }

    /// <summary>The ten keys of its recipe that help shows; <c>attune recipe</c> prints all.</summary>
    public virtual IReadOnlyList<string> MainKeys { get; init; } = [];

    /// <summary>A command line that uses it.</summary>
    public string Example { get; init; } = "";

    /// <summary>The title of a report about its runs.</summary>
    public string ReportTitle { get; init; } = Name;

    /// <summary>What happened in a run, in one sentence.</summary>
    public string ReportLead { get; init; } = "";

    /// <summary>
    /// Metrics whose meaning in its runs differs from that of other methods; <see cref="MetricGuide"/> describes all others.
    /// </summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    /// <summary>Whether its runs train a reward model and not a language model.</summary>
    public bool MakesRewardModel { get; init; }

    /// <summary>Whether that reward model is a process reward model, which scores the steps of a response.</summary>
    public bool ScoresSteps { get; init; }

    /// <summary>Whether its training data has prompts.</summary>
    public bool HasPrompts { get; init; } = true;
}
