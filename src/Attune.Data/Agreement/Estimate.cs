namespace Attune.Data.Agreement;

/// <summary>A statistic with a 95 % interval, of the bootstrap or the jackknife.</summary>
/// <param name="Value">The statistic; null where it is undefined.</param>
/// <param name="Low">The lower end of the interval; null where the resamples give no value.</param>
/// <param name="High">The upper end of the interval.</param>
/// <param name="Items">How many items it is computed from.</param>
/// <param name="Reason">Why the value is undefined; null where it is defined.</param>
public sealed record Estimate(double? Value, double? Low, double? High, int Items, string? Reason = null);
