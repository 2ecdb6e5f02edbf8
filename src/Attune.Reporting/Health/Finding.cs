namespace Attune.Reporting.Health;

/// <summary>How much something matters.</summary>
public enum Severity
{
    /// <summary>Worth a look; nothing is done about it.</summary>
    Warning,

    /// <summary>The run is going wrong.</summary>
    Alarm,
}

/// <summary>Something that is wrong, since a step.</summary>
/// <param name="Rule">Its name.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Words">What is wrong, in a sentence.</param>
/// <param name="Advice">What to do, in a sentence.</param>
public sealed record Finding(string Rule, Severity Severity, string Words, string Advice);

/// <summary>A finding that begins, or one that is over.</summary>
public sealed record HealthChange(Finding Finding, bool Begins);
