using Attune.Reporting.Health;

namespace Attune.Training.Health;

/// <summary>One thing that can go wrong in a run.</summary>
/// <param name="Name">The name of the rule, as in health.jsonl.</param>
/// <param name="InShort">What is wrong, in two or three words.</param>
/// <param name="Severity">Whether it is a warning or an alarm.</param>
/// <param name="Advice">What to do, in a sentence.</param>
/// <param name="Check">What is wrong, in a sentence with numbers; null while nothing is.</param>
sealed record HealthRule(string Name, string InShort, Severity Severity, string Advice, Func<MetricHistory, HealthOptions, string?> Check)
{
    /// <summary>Whether a greater β counteracts it.</summary>
    public bool EasedByBeta { get; init; }

    /// <summary>Whether an action is taken after two steps in a row, whatever the patience: at the third such step a run stops.</summary>
    public bool IsUrgent { get; init; }
}
