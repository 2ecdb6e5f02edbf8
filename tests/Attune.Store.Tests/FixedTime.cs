namespace Attune.Store.Tests;

/// <summary>A clock that stands until it is moved.</summary>
sealed class FixedTime : TimeProvider
{
    DateTimeOffset now = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    public void Pass(TimeSpan time) => now += time;

    public override DateTimeOffset GetUtcNow() => now;
}
