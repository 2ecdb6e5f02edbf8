namespace Attune.Store.Tests;

/// <summary>A clock that advances only when set. Thread-safe.</summary>
sealed class FixedTime : TimeProvider
{
    long ticks = new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero).Ticks;

    public void Pass(TimeSpan time) => Interlocked.Add(ref ticks, time.Ticks);

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);
}
