using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

/// <summary>Agreement coefficients compared with published examples and values computed by hand.</summary>
public sealed class GroupAgreementTests
{
    /// <summary>Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve units, gaps.</summary>
    static readonly string[] Krippendorff =
    [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ];

    /// <summary>Fourteen raters, ten subjects, five categories: the worked example of Wikipedia's "Fleiss' kappa".</summary>
    static readonly int[][] Fleiss =
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ];

    [Fact]
    public void AlphaIsThatOfKrippendorffsExample()
    {
        var agreement = GroupAgreement.Compute(Units(Krippendorff));
        Assert.Equal(0.743, agreement.AlphaNominal.Value!.Value, 0.0005);
        Assert.Equal(0.815, agreement.AlphaOrdinal.Value!.Value, 0.0005);
        Assert.Equal(11, agreement.AlphaNominal.Items);          // the twelfth unit has one rating only
    }

    [Fact]
    public void KappaIsThatOfFleissExample()
    {
        var agreement = GroupAgreement.Compute(Counts(Fleiss));
        Assert.Equal(0.378, agreement.Raw.Value!.Value, 0.0005);
        Assert.Equal(0.210, agreement.FleissKappa.Value!.Value, 0.0005);
    }

    [Fact]
    public void UnitsWithDifferentNumbersOfPeopleCountAlike()
    {
        // P = (1 + 1/3) / 2 = 2/3; π = ((1 + 1/3) / 2, (0 + 2/3) / 2) = (2/3, 1/3); Pₑ = 5/9; κ = (2/3 − 5/9) / (4/9) = 1/4
        var agreement = GroupAgreement.Compute(Units(["0 0 1", "0 1 .", ". 1 ."]));
        Assert.Equal(2 / 3.0, agreement.Raw.Value!.Value, 1e-12);
        Assert.Equal(1 / 4.0, agreement.FleissKappa.Value!.Value, 1e-12);
        Assert.Equal(2, agreement.Raw.Items);
    }

    [Fact]
    public void GwetsCoefficientStaysHighWhereOneCategoryPrevails()
    {
        // 118 units of yes/yes, 5 and 2 mixed, none no/no: P = 118/125, π = (243/250, 7/250); Gwet's Pₑ = 2 π₁ π₂ = 0.054432
        var agreement = GroupAgreement.Compute(Counts([.. Repeat([2, 0], 118), .. Repeat([1, 1], 7)]));
        Assert.Equal((0.944 - 0.054432) / (1 - 0.054432), agreement.GwetAc1.Value!.Value, 1e-9);
        Assert.Equal((0.944 - 0.945568) / (1 - 0.945568), agreement.FleissKappa.Value!.Value, 1e-9);
    }

    [Fact]
    public void Compute_GwetsExampleOfThreeDiagnoses_IsTheTablesValues()
    {
        // Gwet 2014, Handbook of Inter-Rater Reliability: two abstractors, 100 pregnancies, (13, 0, 0), (0, 20, 7), (0, 4, 56).
        // P = 0.89; π = (0.13, 0.255, 0.615), Σ π (1 − π) = 0.53985. AC1: Pₑ = 0.53985 / 2. PABAK: Pₑ = 1/3.
        // AC2 with quadratic weights: 11 neighbours count ¾, P = 0.9725; Σ w = 3 + 4 · ¾ = 6, Pₑ = 6 · 0.53985 / 6.
        var agreement = GroupAgreement.Compute(new(Tables((13, 0, 0), (20, 1, 1), (7, 1, 2), (4, 2, 1), (56, 2, 2))));
        Assert.Equal(0.89, agreement.Raw.Value!.Value, 1e-12);
        Assert.Equal(0.8493305, agreement.GwetAc1.Value!.Value, 5e-8);
        Assert.Equal(0.835, agreement.Pabak.Value!.Value, 1e-12);
        Assert.Equal((0.9725 - 0.53985) / (1 - 0.53985), agreement.GwetAc2.Value!.Value, 1e-12);
    }

    [Fact]
    public void Compute_LevelsThatNobodyChose_CountInAc2()
    {
        // Levels 1 to 5, of which 1 and 2 occur: 2 units (1, 1) and 1 unit (1, 2). π = (5/6, 1/6), Σ π (1 − π) = 10/36.
        // Weights 1 − d² / 16: P = (2 + 15/16) / 3; Σ w = 25 − (8·1 + 6·4 + 4·9 + 2·16) / 16 = 18.75; Pₑ = 18.75 · (10/36) / 20.
        var agreement = GroupAgreement.Compute(new(Tables((2, 1, 1), (1, 1, 2))), levels: Enumerable.Range(1, 5));
        var (p, chance) = ((2 + 15 / 16.0) / 3, 18.75 * (10 / 36.0) / 20);
        Assert.Equal((p - chance) / (1 - chance), agreement.GwetAc2.Value!.Value, 1e-12);
    }

    [Fact]
    public void CohensKappaIsThatOfTheFiftyProposals()
    {
        // Wikipedia, "Cohen's kappa": 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no
        var units = new RatedUnits(Tables((20, 1, 1), (5, 1, 0), (10, 0, 1), (15, 0, 0)));
        var pair = Assert.Single(CohenKappa.ForPairs(units));
        Assert.Equal(0.7, pair.Raw.Value!.Value, 1e-12);
        Assert.Equal(0.4, pair.Kappa.Value!.Value, 1e-12);
        Assert.Equal(50, pair.Kappa.Items);
        // The standard error of Cohen 1960: √(P (1 − P) / N) / (1 − Pₑ) = 0.1296
        Assert.Equal(2 * 1.96 * 0.1296, (pair.Kappa.High - pair.Kappa.Low)!.Value, 0.06);
        // The jackknife's standard error of a mean is √(P (1 − P) / (N − 1)); the 97.5 % quantile of Student's t with 49 degrees is 2.0096.
        Assert.Equal(2 * 2.00958 * Math.Sqrt(0.7 * 0.3 / 49), (pair.Raw.High - pair.Raw.Low)!.Value, 1e-4);
    }

    [Fact]
    public void ForPairs_FullAgreement_StaysInTheRangeOfKappa()
    {
        var pair = Assert.Single(CohenKappa.ForPairs(new(Tables((9, 1, 1), (8, 0, 0)))));
        Assert.Equal((1.0, 1.0, 1.0), (pair.Kappa.Value, pair.Kappa.Low, pair.Kappa.High));
        var near = Assert.Single(CohenKappa.ForPairs(new(Tables((9, 1, 1), (8, 0, 0), (1, 0, 1)))));
        Assert.Equal(1, near.Kappa.High);
        var undefined = Assert.Single(CohenKappa.ForPairs(new(Tables((9, 1, 1), (1, 0, 0)))));    // without the one item kappa is undefined
        Assert.Equal((1.0, null), (undefined.Kappa.Value, undefined.Kappa.Low));
    }

    [Fact]
    public void WhatIsUndefinedIsNullAndSaysWhy()
    {
        var alone = GroupAgreement.Compute(Units(["0 1 .", ". . 0"]));
        Assert.Equal(new(null, null, null, 0, "no item has two decisions"), alone.Raw);
        var same = GroupAgreement.Compute(Units(["0 0 0", "0 0 0"]), choices: 2);
        Assert.Equal(1, same.Raw.Value);
        Assert.Equal(1, same.GwetAc1.Value);
        foreach (var figure in new[] { same.FleissKappa, same.AlphaNominal, same.AlphaOrdinal })
            Assert.Equal(new(null, null, null, 3, "all decisions are the same, so chance alone would explain them"), figure);
    }

    [Fact]
    public void ALaterRatingOfOnePersonReplacesTheEarlier()
    {
        var units = new RatedUnits([new(1, 0, 7, 0), new(1, 0, 8, 1), new(1, 0, 7, 1), new(2, 0, 7, 0), new(2, 0, 7, 0)]);
        Assert.Equal([new Rating(1, 0, 8, 1), new Rating(1, 0, 7, 1)], units.Ratings);
        Assert.Equal((1, 1), (units.Count, units.Items));
    }

    [Fact]
    public void PartsOfOneItemAreDrawnTogether()
    {
        // Two items of fifty parts each, one in full agreement and one in none: a round gives 0, ½ or 1, so the interval ends at these.
        var ratings =
            from item in new[] { 0, 1 }
            from part in Enumerable.Range(0, 50)
            from rater in new[] { 0, 1 }
            select new Rating(item, part, rater, item * rater);
        var raw = GroupAgreement.Compute(new(ratings)).Raw;
        Assert.Equal((0.5, 0, 1, 2), (raw.Value, raw.Low, raw.High, raw.Items));
    }

    [Fact]
    public void IntervalsHoldTheTruthAboutNineteenTimesInTwenty()
    {
        var random = new Random(5);
        var held = Enumerable.Range(0, 100).Count(_ =>
        {
            var ratings = Enumerable.Range(0, 80).SelectMany(item => Pair(item, random.NextDouble() < 0.7));
            var raw = GroupAgreement.Compute(new(ratings)).Raw;
            return raw.Low <= 0.7 && raw.High >= 0.7;
        });
        Assert.InRange(held, 87, 100);
    }

    [Fact]
    public void AgreementWithTheOthersIsThatOfEachPersonsPairs()
    {
        // Person 0 agrees with 1 on two of three units and with 2 on one of one; 3 shares nothing.
        var others = OthersAgreement.ByRater(Units(["0 1 1 .", "0 1 0 .", "0 . . .", ". . . 1"]));
        Assert.Equal([0, 1, 2], others.Keys.Order());
        Assert.Equal(3 / 4.0, others[0].Value!.Value, 1e-12);
        Assert.Equal(3 / 4.0, others[1].Value!.Value, 1e-12);
        Assert.Equal(1, others[2].Value);
        Assert.Equal((3, 1), (others[0].Items, others[2].Items));
    }

    /// <summary>One line per rater, one column per unit; a point is a missing rating.</summary>
    static RatedUnits Units(IReadOnlyList<string> raters) => new(
        from rater in raters.Index()
        from value in rater.Item.Split(' ').Index()
        where value.Item != "."
        select new Rating(value.Index, 0, rater.Index, int.Parse(value.Item)));

    /// <summary>One row per unit, one column per category: how many raters chose it.</summary>
    static RatedUnits Counts(IReadOnlyList<int[]> units) => new(
        from unit in units.Index()
        from rating in unit.Item.Index().SelectMany(category => Enumerable.Repeat(category.Index, category.Item)).Index()
        select new Rating(unit.Index, 0, rating.Index, rating.Item));

    static IEnumerable<Rating> Tables(params (int Times, int First, int Second)[] cells) =>
        cells.SelectMany(cell => Enumerable.Repeat(cell, cell.Times)).Index()
            .SelectMany(unit => new[] { new Rating(unit.Index, 0, 0, unit.Item.First), new Rating(unit.Index, 0, 1, unit.Item.Second) });

    static IEnumerable<Rating> Pair(int item, bool agree) => [new(item, 0, 0, item % 2), new(item, 0, 1, agree ? item % 2 : 1 - item % 2)];

    static IEnumerable<int[]> Repeat(int[] unit, int times) => Enumerable.Repeat(unit, times);
}
