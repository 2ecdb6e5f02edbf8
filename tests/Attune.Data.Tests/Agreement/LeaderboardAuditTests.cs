using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

public sealed class LeaderboardAuditTests
{
    [Fact]
    public void Compute_FewComparisons_CountsByHand()
    {
        ModelComparison[] comparisons =
        [
            new(1, 0, 1, Winner.First, new(9), new(5), Rater: 7, IsFirstShownFirst: true),       // shown first wins, longer wins
            new(2, 0, 1, Winner.Second, new(9), new(5), Rater: 7, IsFirstShownFirst: true),     // neither
            new(3, 0, 1, Winner.Second, new(5), new(5), Rater: 7, IsFirstShownFirst: false),    // shown first wins, equal length
            new(4, 0, 1, Winner.Neither, new(5), new(5), Rater: 8),
        ];
        var audit = Audit(comparisons, 2);
        Assert.Equal((new(2, 3), new(1, 2), new(1, 4), new(3, 4)), (audit.ShownFirst, audit.Longer, audit.Ties, audit.MostActive));
        Assert.Equal((2, 1 / (9 / 16.0 + 1 / 16.0)), (audit.Raters, audit.EffectiveRaters));
        Assert.Equal([new(0, 1, 4)], audit.Sparse);
        Assert.Empty(audit.Triples);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(3, false)]
    public void Compute_Cycle_IsFoundAndClearWithManyVotes(int votes, bool isClear)
    {
        var comparisons =
            from i in Enumerable.Range(0, votes)
            from pair in new[] { (0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3) }     // 0 beats 1 beats 2 beats 0, and all beat 3
            select new ModelComparison(i, pair.Item1, pair.Item2, Winner.First);
        Assert.Equal([new(0, 1, 2, isClear)], Audit(comparisons, 4).Triples);
    }

    [Fact]
    public void Ranks_OrderThatTheVotesDoNotCarry_IsShared()
    {
        var random = new Random(1);
        var comparisons = Enumerable.Range(0, 900).Select(i =>
        {
            var (first, second) = (i % 3, (i + 1) % 3);          // 0 and 1 are equal; 2 loses nine times in ten
            var wins = first == 2 ? 0.1 : second == 2 ? 0.9 : 0.5;
            return new ModelComparison(i, first, second, random.NextDouble() < wins ? Winner.First : Winner.Second);
        });
        var board = Leaderboard.Fit(comparisons, 3, new());
        Assert.Equal([1, 1, 3], board.Ranks);
        Assert.Equal(2, board.Models[2].Model);
    }

    static LeaderboardAudit Audit(IEnumerable<ModelComparison> comparisons, int models)
    {
        var all = comparisons.ToList();
        return LeaderboardAudit.Compute(all, Leaderboard.Fit(all, models, new()));
    }
}
