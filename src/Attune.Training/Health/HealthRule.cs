using Attune.Reporting.Health;

namespace Attune.Training.Health;

/// <summary>One thing that can go wrong in a run.</summary>
/// <param name="Name">Of the rule, as health.jsonl has it.</param>
/// <param name="InShort">What is wrong, in two or three words.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Advice">What to do, in a sentence.</param>
/// <param name="Check">What is wrong, in a sentence with figures; null while nothing is.</param>
sealed record HealthRule(string Name, string InShort, Severity Severity, string Advice, Func<MetricHistory, HealthOptions, string?> Check)
{
    /// <summary>Whether a greater β works against it.</summary>
    public bool EasedByBeta { get; init; }

    /// <summary>Whether something is done when it was seen at two steps in a row, whatever the patience: at the third a run cannot go on.</summary>
    public bool IsUrgent { get; init; }
}
