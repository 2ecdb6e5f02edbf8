namespace Attune.Store.Tests;

public sealed class VerdictRulesTests
{
    [Theory]
    [InlineData(4, 0, 3)]
    [InlineData(7, 1, 3)]
    [InlineData(9, 1, 4)]
    public void AScaleHasItsStrengthsAndTiesHaveNone(int levels, int least, int most)
    {
        var settings = new ProjectSettings { StrengthLevels = levels };
        for (var strength = -1; strength <= 6; strength++)
            Assert.Equal(strength >= least && strength <= most, Fits(new() { Ranks = [0, 1], Strength = strength }, settings));
        Assert.False(Fits(new() { Ranks = [0, 1] }, settings));
        Assert.True(Fits(new() { Ranks = [0, 0] }, settings));
        Assert.False(Fits(new() { Ranks = [0, 0], Strength = least }, settings));
    }

    [Fact]
    public void APairHasAnOrderATieWhereAllowedOrIsAllBadWhereAllowed()
    {
        var settings = new ProjectSettings();
        Assert.True(Fits(new() { Ranks = [1, 0] }, settings));
        Assert.False(Fits(new() { Ranks = [1, 0], Strength = 1 }, settings));
        Assert.False(Fits(new() { Ranks = [0, 1] }, settings, answers: 3));
        Assert.False(Fits(new() { Ranks = [0, 2] }, settings));
        Assert.False(Fits(new() { Ranks = [-1, 0] }, settings));
        Assert.False(Fits(new() { Ranks = [0, null] }, settings));
        Assert.False(Fits(new(), settings));
        Assert.False(Fits(new() { Ranks = [0, 0] }, settings with { Ties = false }));
        Assert.True(Fits(new() { Outcome = Outcome.AllBad }, settings));
        Assert.False(Fits(new() { Outcome = Outcome.AllBad }, settings with { AllBad = false }));
        Assert.True(Fits(new() { Outcome = Outcome.Skipped }, settings));
        Assert.False(Fits(new() { Outcome = Outcome.Rated, Ratings = [1, 2] }, settings));
        Assert.False(Fits(null, settings));
        Assert.False(Fits(new() { Outcome = (Outcome)9 }, settings));
        Assert.False(Fits(new() { Ranks = [0, 1], Flags = [(Flag)9] }, settings));
        Assert.False(Fits(new() { Ranks = [0, 1], Rationale = new('x', 100_001) }, settings));
    }

    [Fact]
    public void Checked_TextsThatTheProjectDoesNotAskFor_AreRefused()
    {
        var settings = new ProjectSettings { Rationale = false, IdealAnswer = false };
        foreach (var outcome in new[] { Outcome.Ranked, Outcome.AllBad, Outcome.Skipped })
        {
            var verdict = new AnnotationResult { Outcome = outcome, Ranks = outcome == Outcome.Ranked ? [0, 1] : null };
            Assert.True(Fits(verdict with { Rationale = " ", Ideal = "" }, settings));
            Assert.False(Fits(verdict with { Rationale = "why" }, settings));
            Assert.False(Fits(verdict with { Ideal = "better" }, settings));
            Assert.True(Fits(verdict with { Rationale = "why", Ideal = "better" }, new()));
        }
    }

    [Fact]
    public void ARankingMayLeaveAnswersOutAndItsRanksHaveNoGaps()
    {
        var settings = new ProjectSettings { Task = TaskKind.Ranking, StrengthLevels = 7 };
        Assert.Equal([1, null, 0, 1], AnnotationRules.Checked(new() { Ranks = [3, null, 1, 3] }, settings, 4).Ranks);
        Assert.False(Fits(new() { Ranks = [0, null, null, null] }, settings, 4));
        Assert.False(Fits(new() { Ranks = [0, 1, 2, 3], Strength = 2 }, settings, 4));
    }

    [Fact]
    public void ARatingIsOfEveryAnswerAndBesideRanksOfAny()
    {
        var rating = new ProjectSettings { Task = TaskKind.Rating, RatingLevels = 5 };
        Assert.True(Fits(new() { Outcome = Outcome.Rated, Ratings = [1, 5] }, rating));
        Assert.False(Fits(new() { Outcome = Outcome.Rated, Ratings = [1, null] }, rating));
        Assert.False(Fits(new() { Outcome = Outcome.Rated, Ratings = [0, 5] }, rating));
        Assert.False(Fits(new() { Outcome = Outcome.Rated, Ratings = [1, 6] }, rating));
        Assert.False(Fits(new() { Outcome = Outcome.Rated, Ratings = [1] }, rating));
        Assert.False(Fits(new() { Ranks = [0, 1] }, rating));
        Assert.True(Fits(new() { Ranks = [0, 1], Ratings = [null, 4] }, new() { RatingLevels = 5 }));
    }

    [Fact]
    public void WhatSaysNothingIsLeftOut()
    {
        var tidy = AnnotationRules.Checked(
            new() { Outcome = Outcome.Skipped, Ranks = [0, 1], Strength = 2, Rationale = "  ", SkipReason = " tired ",
                Flags = [Flag.Unsafe, Flag.Broken, Flag.Unsafe] }, new(), 2);
        Assert.Null(tidy.Ranks);
        Assert.Null(tidy.Strength);
        Assert.Null(tidy.Rationale);
        Assert.Equal("tired", tidy.SkipReason);
        Assert.Equal([Flag.Unsafe, Flag.Broken], tidy.Flags);
    }

    [Fact]
    public void WhatIsShownAndWhatIsKeptAreEachOthersInverse()
    {
        IReadOnlyList<int> shown = [2, 0, 1];
        var asShown = new AnnotationResult { Ranks = [0, 1, 2], Ratings = [7, null, 1] };
        var kept = asShown.ByPlace(shown);
        Assert.Equal([1, 2, 0], kept.Ranks);
        Assert.Equal([null, 1, 7], kept.Ratings);
        Assert.Equal(asShown.Ranks, kept.AsShown(shown).Ranks);
        Assert.Equal(asShown.Ratings, kept.AsShown(shown).Ratings);
    }

    static bool Fits(AnnotationResult? verdict, ProjectSettings settings, int answers = 2)
    {
        try
        {
            AnnotationRules.Checked(verdict, settings, answers);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
