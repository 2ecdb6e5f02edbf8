using System.Diagnostics;
using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

/// <summary>Strengths compared with closed forms and a published fit.</summary>
public sealed class LeaderboardTests
{
    /// <summary>A prior so wide that it has no effect.</summary>
    static readonly LeaderboardOptions Free = new() { PriorStd = 1e4 };

    static readonly double Points = 400 / Math.Log(10);

    [Fact]
    public void TwoModelsDifferByTheirOddsWhateverTheTies()
    {
        // Davidson's maximum: π₁/π₂ = w/l and ν = t/√(w l)
        var board = Leaderboard.Fit(Results(0, 1, wins: 30, losses: 10, ties: 20), 2, Free);
        Assert.Equal(400 * Math.Log10(3), Gap(board, 0, 1), 0.01);
        Assert.Equal(2000, board.Models.Sum(model => model.Strength.Value!.Value), 1e-3);
        Assert.Equal((30, 10, 20), (board.Models[0].Wins, board.Models[0].Losses, board.Models[0].Ties));
        Assert.Equal((30, 10, 20), (board.Wins[0, 1], board.Wins[1, 0], board.Ties[1, 0]));
    }

    [Fact]
    public void AChainOfModelsAddsUp()
    {
        var chain = Results(0, 1, 20, 10).Concat(Results(2, 1, 15, 60));
        var board = Leaderboard.Fit(chain, 3, Free);
        Assert.Equal(400 * Math.Log10(2), Gap(board, 0, 1), 0.02);
        Assert.Equal(400 * Math.Log10(4), Gap(board, 1, 2), 0.02);
        Assert.Equal([0, 1, 2], board.Models.Select(model => model.Model));
    }

    [Fact]
    public void StrengthsOfBaseballTeamsAreThoseOfAgresti()
    {
        // Agresti, Categorical Data Analysis, 2002, table 10.10: the American League of 1987, and the fit with Baltimore at 0
        int[][] wins =
        [
            [0, 7, 9, 7, 7, 9, 11], [6, 0, 7, 5, 11, 9, 9], [4, 6, 0, 7, 7, 8, 12], [6, 8, 6, 0, 6, 7, 10],
            [6, 2, 6, 7, 0, 7, 12], [4, 4, 5, 6, 6, 0, 6], [2, 4, 1, 3, 1, 7, 0],
        ];
        double[] expected = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839];
        var results =
            from row in wins.Index()
            from column in row.Item.Index()
            from result in Results(row.Index, column.Index, column.Item, 0)
            select result;
        var board = Leaderboard.Fit(results, 7, Free);
        Assert.All(expected.Index(), team => Assert.Equal(team.Item * Points, Gap(board, team.Index, 6), 0.02));
    }

    [Fact]
    public void LengthControlTellsTheStrengthFromTheLength()
    {
        // Where the first is thrice as long, x = ½ and odds are 4; where the second is, x = −½ and odds are 1. So s = ln 2 and β = ln 4.
        var longer = Results(0, 1, 40, 10).Select(result => result with { FirstStyle = new(300), SecondStyle = new(100) });
        var shorter = Results(1, 0, 25, 25).Select(result =>
            result with { Item = result.Item + 99, FirstStyle = new(60), SecondStyle = new(20) });
        var board = Leaderboard.Fit(longer.Concat(shorter), 2, Free with { Control = StyleControl.Length });
        Assert.Equal(400 * Math.Log10(2), Gap(board, 0, 1), 0.02);
        var twice = board.Effects[0].Points(1 / 3.0);            // (2 − 1) / (2 + 1)
        Assert.Equal(400 * Math.Log10(4) / 3, twice.Value!.Value, 0.02);
        // By the counts' standard error, √(1/40 + 1/10 + 1/25 + 1/25) = 0.453, the interval of β is 1.386 ± 0.887: from 29 to 132 points.
        Assert.InRange(twice.Low!.Value, 15, 45);
        Assert.InRange(twice.High!.Value, 110, 165);
    }

    /// <summary>
    /// 6,000 votes on three models, of which the second writes longer, the third more headers, lists and bold texts. The votes are drawn
    /// with known strengths and coefficients.
    /// </summary>
    [Fact]
    public void Fit_VotesDrawnWithKnownEffectsOfStyle_FindsStrengthsAndEffects()
    {
        double[] strengths = [0, 0.4, -0.4], effects = [1.5, 0, 1, -0.8];
        var random = new Random(2);
        var results = Enumerable.Range(0, 6000).Select(item =>
        {
            var first = item % 3;
            var second = (first + 1 + random.Next(2)) % 3;
            var (one, other) = (Styled(first), Styled(second));
            var logit = strengths[first] - strengths[second] + Enum.GetValues<StyleFeature>()
                .Sum(feature => effects[(int)feature] * ResponseStyle.Difference(feature, one, other));
            return new ModelComparison(item, first, second, random.NextDouble() < 1 / (1 + Math.Exp(-logit)) ? Winner.First : Winner.Second,
                one, other);
        }).ToList();
        var (plain, equal) = (Leaderboard.Fit(results, 3, Free), Leaderboard.Fit(results, 3, Free with { Control = StyleControl.Style }));
        Assert.Equal(0.4 * Points, Gap(equal, 1, 0), 25.0);
        Assert.Equal(0.8 * Points, Gap(equal, 1, 2), 25.0);
        Assert.True(Gap(plain, 1, 0) > 0.4 * Points + 50);       // which the length of the second model's responses adds
        foreach (var (feature, coefficient, deviation) in equal.Effects)
        {
            var (truth, width) = (effects[(int)feature] * deviation, coefficient.High!.Value - coefficient.Low!.Value);
            Assert.InRange(width, 0.05, 0.25);
            Assert.InRange(coefficient.Value!.Value, truth - 0.75 * width, truth + 0.75 * width);
        }

        ResponseStyle Styled(int model) => new(random.Next(100, 400) * (model == 1 ? 2 : 1), random.Next(model == 2 ? 5 : 2),
            random.Next(model == 2 ? 9 : 4), random.Next(model == 2 ? 7 : 3));
    }

    [Fact]
    public void Fit_FeatureThatNoResponseHas_HasNoEffect()
    {
        var board = Leaderboard.Fit(Results(0, 1, 9, 3), 2, new() { Control = StyleControl.Style });
        Assert.All(board.Effects, effect => Assert.Null(effect.Coefficient.Value));
        Assert.Equal(Gap(Leaderboard.Fit(Results(0, 1, 9, 3), 2, new()), 0, 1), Gap(board, 0, 1), 1e-6);
    }

    [Fact]
    public void FromMarkdown_CountsElementsOutsideOfCode()
    {
        const string Text = """
            # Title
            #hashtag, not a header, and **bold** or __bold too__ or 2 ** 3 ** 4

            - one
              * two
            12. three
            1.5 is a number, -1 too
            ### Code
            ```
            # comment
            - not an item
            ```
            """;
        Assert.Equal(new ResponseStyle(7, Headers: 2, ListItems: 3, Bold: 3), ResponseStyle.FromMarkdown(Text, 7));
    }

    [Fact]
    public void WhoAlwaysWinsHasAFiniteStrengthAndIsMarked()
    {
        var board = Leaderboard.Fit(Results(1, 0, 10, 0).Concat(Results(0, 2, 6, 4)), 3, new());
        Assert.Equal((1, true), (board.Models[0].Model, board.Models[0].IsUnbounded));
        Assert.InRange(board.Models[0].Strength.Value!.Value, 1200, 2000);
        Assert.Equal([false, false], board.Models.Skip(1).Select(model => model.IsUnbounded));
    }

    [Fact]
    public void ModelsThatNeverMetAreOfDifferentGroupsEachAboutTheMean()
    {
        var board = Leaderboard.Fit(Results(0, 2, 9, 3).Concat(Results(1, 3, 4, 8)).Concat(Results(4, 4, 5, 0)), 6, new());
        Assert.Equal([0, 1, 0, 1], board.Models.OrderBy(model => model.Model).Select(model => model.Group));
        Assert.Equal(2, board.Groups);
        Assert.Equal(1000, board.Models.Where(model => model.Group == 1).Average(model => model.Strength.Value!.Value), 1e-3);
    }

    [Fact]
    public void VotesOfOnePromptAreDrawnTogether()
    {
        var apart = Leaderboard.Fit(Results(0, 1, 60, 40), 2, new());
        var together = Leaderboard.Fit(Results(0, 1, 60, 40).Select(result => result with { Item = result.Item / 10 }), 2, new());
        Assert.Equal((100, 10), (apart.Models[0].Strength.Items, together.Models[0].Strength.Items));
        Assert.Equal(Gap(apart, 0, 1), Gap(together, 0, 1), 1e-6);
        Assert.True(Width(together) > 2 * Width(apart));         // six prompts all for one model, four for the other: √10 times as wide
    }

    [Fact]
    public void IntervalsHoldTheTruthAboutNineteenTimesInTwenty()
    {
        var random = new Random(3);
        var truth = 1000 + Points * Math.Log(0.64 / 0.36) / 2;
        var held = Enumerable.Range(0, 100).Count(_ =>
        {
            var results = Enumerable.Range(0, 150).Select(item => new ModelComparison(item, 0, 1, Drawn(random)));
            var strength = Strength(Leaderboard.Fit(results, 2, new()), 0);
            return strength.Low <= truth && strength.High >= truth;
        });
        Assert.InRange(held, 87, 100);
    }

    [Fact]
    public void NothingComparedIsAnEmptyBoard() => Assert.Empty(Leaderboard.Fit([], 3, new() { Control = StyleControl.Length }).Models);

    [Fact]
    public void AHundredThousandComparisonsOfTwentyModelsTakeSeconds()
    {
        var random = new Random(1);
        var results = Enumerable.Range(0, 100_000).Select(item =>
        {
            var (first, second) = (random.Next(20), random.Next(20));
            var odds = Math.Exp((first - second) / 8.0);
            var draw = random.NextDouble();
            var winner = draw < 0.2 ? Winner.Neither : draw < 0.2 + 0.8 * odds / (1 + odds) ? Winner.First : Winner.Second;
            return new ModelComparison(item / 3, first, second, winner, new(random.Next(20, 600)), new(random.Next(20, 600)));
        }).ToList();
        var clock = Stopwatch.StartNew();
        var board = Leaderboard.Fit(results, 20, new() { Control = StyleControl.Length });
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);       // 2 or so on a quiet machine
        Assert.InRange(board.Models.ToList().FindIndex(model => model.Model == 19), 0, 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"{clock.Elapsed}");
    }

    static Winner Drawn(Random random) => random.NextDouble() < 0.64 ? Winner.First : Winner.Second;

    static double Gap(Leaderboard board, int first, int second) => (Strength(board, first).Value - Strength(board, second).Value)!.Value;

    static double Width(Leaderboard board) => (Strength(board, 0).High - Strength(board, 0).Low)!.Value;

    static Estimate Strength(Leaderboard board, int model) => board.Models.Single(row => row.Model == model).Strength;

    static IEnumerable<ModelComparison> Results(int first, int second, int wins, int losses, int ties = 0) =>
        new[] { (Winner.First, wins), (Winner.Second, losses), (Winner.Neither, ties) }
            .SelectMany(part => Enumerable.Repeat(part.Item1, part.Item2))
            .Select((winner, item) => new ModelComparison(item, first, second, winner));
}
