namespace Attune.Reporting.Health;

/// <summary>The severity of a finding.</summary>
public enum Severity
{
    /// <summary>Something to look at; no action is taken.</summary>
    Warning,

    /// <summary>The run is going wrong.</summary>
    Alarm,
}

/// <summary>Something that is wrong with a run.</summary>
/// <param name="Rule">The name of the rule.</param>
/// <param name="Severity">Warning or alarm.</param>
/// <param name="Words">What is wrong, in a sentence.</param>
/// <param name="Advice">What to do, in a sentence.</param>
public sealed record Finding(string Rule, Severity Severity, string Words, string Advice);

/// <summary>A finding that begins, or one that ends.</summary>
public sealed record HealthChange(Finding Finding, bool Begins);
