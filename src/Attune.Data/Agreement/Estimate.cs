namespace Attune.Data.Agreement;

/// <summary>A figure with a 95 % bootstrap interval.</summary>
/// <param name="Value">Null where it is undefined.</param>
/// <param name="Low">The interval's lower end; null where the resamples say nothing.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Items">How many items it rests on.</param>
/// <param name="Reason">Why there is no value, in words; null where there is one.</param>
public sealed record Estimate(double? Value, double? Low, double? High, int Items, string? Reason = null);
