using Attune.Reporting.Evaluation;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Tests;

/// <summary>The evaluation of a reward model on pairs with given scores, against values computed by hand.</summary>
public sealed class RewardEvaluationTests
{
    [Fact]
    public void TheIntervalIsWilsonsWherePromptsAreIndependent()
    {
        // 8 of 10: variance 10 · 0.16 / 10² · 10/9, effectively 9 pairs; Wilson: (0.8 + z²/18 ± z √(0.16/9 + z²/324)) / (1 + z²/9)
        var rate = PairRate.FromPairs([.. Enumerable.Range(0, 10).Select(i => Pair($"{i}", i < 8 ? 1 : -1))], pair => pair.Correct);
        Assert.Equal((0.8, 10, 10), (rate.Value, rate.Pairs, rate.Prompts));
        Assert.Equal(0.4738, rate.Low, 1e-4);
        Assert.Equal(0.9467, rate.High, 1e-4);
    }

    [Fact]
    public void PairsOfOnePromptAreWorthLessThanPairsOfMany()
    {
        EvaluatedPair[] many = [.. Enumerable.Range(0, 40).Select(i => Pair($"{i}", i % 4 == 0 ? -1 : 1))];
        EvaluatedPair[] few = [.. Enumerable.Range(0, 40).Select(i => Pair($"{i % 4}", i % 4 == 0 ? -1 : 1))];
        var (wide, narrow) = (PairRate.FromPairs(few, pair => pair.Correct), PairRate.FromPairs(many, pair => pair.Correct));
        Assert.Equal(narrow.Value, wide.Value);
        Assert.True(wide.High - wide.Low > 2 * (narrow.High - narrow.Low));
    }

    [Fact]
    public void ARateThatNeverFailsStillHasAnInterval()
    {
        // Wilson at 1 with 10 prompts: 1 / (1 + z²/10)
        var rate = PairRate.FromPairs([.. Enumerable.Range(0, 10).Select(i => Pair($"{i}", 1))], pair => pair.Correct);
        Assert.Equal(1 / (1 + 1.959964 * 1.959964 / 10), rate.Low, 1e-6);
        Assert.Equal(1, rate.High, 1e-12);
    }

    [Fact]
    public void CalibrationComparesConfidenceWithTheShareOfPeople()
    {
        // σ(log 3) = 0.75, and three of four agree; σ(log 9) = 0.9, and half of the annotators do
        EvaluatedPair[] sure = [.. Enumerable.Range(0, 4).Select(i => Pair($"a{i}", i < 3 ? Math.Log(3) : -Math.Log(3)))];
        EvaluatedPair[] tooSure = [.. Enumerable.Range(0, 4).Select(i => Pair($"b{i}", Math.Log(9), share: 0.5))];
        var calibration = Calibration.FromPairs([.. sure, .. tooSure]);
        Assert.Equal(2, calibration.Bins.Count);
        Assert.Equal((0.75, 0.75, 4),
            (Math.Round(calibration.Bins[0].Predicted, 9), calibration.Bins[0].Agreed, calibration.Bins[0].Pairs));
        Assert.Equal(0.5, calibration.Bins[1].Agreed);
        Assert.Equal(0.2, calibration.ExpectedError, 1e-9);
        var loss = (3 * Math.Log(4 / 3.0) + Math.Log(4) + 4 * 0.5 * (Math.Log(10 / 9.0) + Math.Log(10))) / 8;
        Assert.Equal(loss, calibration.LogLoss, 1e-9);
    }

    [Fact]
    public void AgreementIsThatOfTwoPeopleWhoseOrderOfAnswersMayDiffer()
    {
        // Of 4 votes 3 to 1: (3·2 + 0) / 12 = 1/2. Two opposite rows: 0. The mean is 1/4; two equal rows would give 1.
        var votes = Pair("q", 1, share: 0.75, votes: 4);
        var one = Pair("r", 1);
        var opposite = new EvaluatedPair("r", one.Rejected, one.Chosen, new(1, 0), null, new("f", 2));
        var found = AnnotatorAgreement.FromPairs([votes, one, opposite, Pair("alone", 1)])!;
        Assert.Equal((2, 0.25), (found.Pairs, found.Among));
        Assert.Equal((0.75 + 0.5) / 2, found.WithModel);
        Assert.Null(AnnotatorAgreement.FromPairs([one, one]));
        Assert.Equal(0.9, new AnnotatorAgreement(1, 0.9 * 0.9 + 0.1 * 0.1, 0).Ceiling, 1e-9);
    }

    [Fact]
    public void BiasesCountTheLongerAndTheEarlierAnswer()
    {
        EvaluatedPair[] pairs =
        [
            Pair("a", 1, lengths: (9, 3), places: (0, 1)), Pair("b", -1, lengths: (9, 3), places: (1, 0)),
            Pair("c", -1, lengths: (2, 3), places: (1, 0)), Pair("d", 1, lengths: (3, 3)),
        ];
        Assert.Equal(new PreferenceBias(3, 2 / 3.0, 2 / 3.0), PreferenceBias.ForLength(pairs));
        Assert.Equal(new PreferenceBias(3, 1 / 3.0, 1), PreferenceBias.ForPlace(pairs));
        Assert.Null(PreferenceBias.ForPlace([pairs[3]]));
        (double, double)[][] prompts = [[(1, 10), (2, 20)], [(5, 0), (6, 10), (7, 20)]];
        Assert.Equal(1, PreferenceBias.WithinPrompts(prompts, answer => answer.Item1, answer => answer.Item2)!.Value, 1e-9);
        Assert.Null(PreferenceBias.WithinPrompts(prompts, _ => 1, answer => answer.Item2));
    }

    [Fact]
    public void GroupsAreLevelsWhereThereAreFewAndSpansWhereThereAreMany()
    {
        var levels = PairGroups.ByNumber(
            [.. Enumerable.Range(0, 12).Select(i => Pair($"{i}", i % 3 == 0 ? -1 : 1, strength: i % 3))], pair =>
            pair.Comparison.Margin, "");
        Assert.Equal(["0", "1", "2"], levels.Select(group => group.Name));
        Assert.Equal([0, 1, 1], levels.Select(group => group.Rate.Value));
        var spans = PairGroups.ByNumber([.. Enumerable.Range(0, 50).Select(i => Pair($"{i}", 1, lengths: (i, 0)))], pair =>
            pair.LengthDifference, " tokens");
        Assert.Equal(["0 to 9 tokens", "10 to 19 tokens", "20 to 29 tokens", "30 to 39 tokens", "40 to 49 tokens"], spans.Select(
            group => group.Name));
    }

    static EvaluatedPair Pair(
        string prompt, double margin, double share =
            1, int votes = 0, double? strength = null, (int Better, int Worse)? lengths = null, (int Better, int Worse)? places = null)
    {
        var (better, worse) = lengths ?? (1, 1);
        return new(
            prompt, new("better", new(margin, margin, 0, better), places?.Better, null), new(
                "worse", new(0, 0, 0, worse), places?.Worse, null),
            new(0, 1) { Share = share, Votes = votes, Margin = strength }, null, new("f", 1));
    }
}
