using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

public sealed class DriftTests
{
    static readonly DateTimeOffset Start = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Newcombe 1998, table II, method 10: 56/70 and 48/80.</summary>
    [Fact]
    public void Newest_ExampleOfNewcombe_HasItsInterval()
    {
        var drift = Drift.Compute([.. Observations(80, 48), .. Observations(70, 56)], least: 70);
        Assert.Equal([80, 70], drift.Blocks.Select(block => block.Count));
        Assert.Equal(0.2, drift.Newest!.Value, 4);
        Assert.Equal(0.0524, drift.Newest.Low, 4);
        Assert.Equal(0.3339, drift.Newest.High, 4);
        Assert.True(drift.HasChanged);
    }

    [Fact]
    public void Compute_ManyObservations_MakesBlocksOfWhichTheFirstHasTheRemainder()
    {
        var drift = Drift.Compute(Observations(1009, 500), least: 20);
        Assert.Equal([159, .. Enumerable.Repeat(85, 10)], drift.Blocks.Select(block => block.Count));
        Assert.Equal(500, drift.Blocks.Sum(block => block.Count * block.Share), 6);
    }

    [Fact]
    public void Compute_FewObservations_HasNoBlockOrNoDifference()
    {
        Assert.Empty(Drift.Compute(Observations(19, 3), least: 20).Blocks);
        var one = Drift.Compute(Observations(39, 3), least: 20);
        Assert.Equal(39, Assert.Single(one.Blocks).Count);
        Assert.Null(one.Newest);
        Assert.False(one.HasChanged);
    }

    [Fact]
    public void HasChanged_SameShares_IsRarelyTrue()
    {
        var random = new Random(1);
        var changed = Enumerable.Range(0, 500).Count(_ => Drift.Compute(
            [.. Enumerable.Range(0, 200).Select(i => (Start.AddHours(i), random.NextDouble() < 0.7 ? 1.0 : 0))], least: 20).HasChanged);
        Assert.InRange(changed, 5, 40);                     // 5 % of 500 at most, about
    }

    static List<(DateTimeOffset At, double Value)> Observations(int count, int ones) =>
        [.. Enumerable.Range(0, count).Select(i => (Start.AddHours(i), i < ones ? 1.0 : 0))];
}
