using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

public sealed class BestWorstDesignTests
{
    public static TheoryData<int> Counts => [.. Enumerable.Range(5, 26), 100];

    [Theory]
    [MemberData(nameof(Counts))]
    public void Subsets_AnyNumber_ShowEachResponseFourTimesAndPairsEvenly(int count)
    {
        var subsets = BestWorstDesign.Subsets(count);
        Assert.Equal(count, subsets.Count);
        Assert.All(subsets, subset => Assert.Equal(4, subset.Distinct().Count()));
        Assert.All(subsets.SelectMany(subset => subset).CountBy(response => response), each => Assert.Equal(4, each.Value));
        var meetings = Meetings(subsets, count);
        Assert.InRange(meetings.Max() - meetings.Min(), 0, count % 2 == 0 ? 2 : 1);
        Assert.InRange(meetings.Max(), 0, count < 13 ? 3 : 1);
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(7, 2)]
    [InlineData(13, 1)]
    public void Subsets_WhereABalancedDesignExists_PairsMeetEquallyOften(int count, int times) =>
        Assert.All(Meetings(BestWorstDesign.Subsets(count), count), met => Assert.Equal(times, met));

    [Fact]
    public void Subsets_SevenResponses_AreTheShiftsOfADifferenceSet()
    {
        Assert.Equal([[0, 1, 2, 4], [1, 2, 3, 5], [2, 3, 4, 6]], BestWorstDesign.Subsets(7).Take(3));
        Assert.Equal([[0, 1, 2]], BestWorstDesign.Subsets(3));
    }

    /// <summary>How often each pair of responses is in the same subset.</summary>
    static List<int> Meetings(IReadOnlyList<IReadOnlyList<int>> subsets, int count) =>
        [.. from first in Enumerable.Range(0, count)
            from second in Enumerable.Range(first + 1, count - first - 1)
            select subsets.Count(subset => subset.Contains(first) && subset.Contains(second))];
}
