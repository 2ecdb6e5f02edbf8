namespace Attune.Data.Agreement;

/// <summary>The strength of a model among those that it was compared with.</summary>
/// <param name="Model">The number of the model.</param>
/// <param name="Strength">The strength in points: 400 points more are odds of 10 : 1 in a decided comparison; the mean is 1000.</param>
/// <param name="Wins">Comparisons won.</param>
/// <param name="Losses">Comparisons lost.</param>
/// <param name="Ties">Comparisons tied.</param>
/// <param name="Group">The number of the model's group. Models of a group are connected by comparisons, directly or through others; models
/// of different groups cannot be compared.</param>
public sealed record ModelStrength(int Model, Estimate Strength, int Wins, int Losses, int Ties, int Group)
{
    /// <summary>
    /// Whether the model won or lost every comparison: its maximum-likelihood strength is infinite, and only the prior bounds it.
    /// </summary>
    public bool IsUnbounded => Ties == 0 && (Wins == 0 || Losses == 0);
}

/// <summary>What a leaderboard is controlled for.</summary>
public enum StyleControl
{
    /// <summary>Strengths are as decided.</summary>
    None,

    /// <summary>Strengths are those for responses of equal length.</summary>
    Length,

    /// <summary>Strengths are those for responses of equal length, headers, lists and bold texts.</summary>
    Style,
}

/// <summary>The effect of a feature of style on the votes.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Coefficient">The log-odds that a response gains if its difference is one standard deviation.</param>
/// <param name="Deviation">The standard deviation of the difference around 0, the value of equal responses.</param>
public sealed record StyleEffect(StyleFeature Feature, Estimate Coefficient, double Deviation)
{
    /// <summary>The points that a response gains with a difference in this feature.</summary>
    /// <param name="difference">(a − b) / (a + b) for lengths, (a − b) / (a + b + 1) for counts.</param>
    public Estimate Points(double difference)
    {
        var scale = Leaderboard.Points * difference / Deviation;
        return Coefficient with { Value = Coefficient.Value * scale, Low = Coefficient.Low * scale, High = Coefficient.High * scale };
    }
}

/// <summary>Options of a leaderboard.</summary>
public sealed record LeaderboardOptions
{
    /// <summary>
    /// Whether strengths are estimated at equal length or style: the differences of two responses get coefficients, as in the style control
    /// of Chatbot Arena, without the subtraction of their means, so that the order of the responses does not matter.
    /// </summary>
    public StyleControl Control { get; init; }

    /// <summary>
    /// Standard deviation of the normal prior with mean 0 on each parameter, in log-odds (1 is 174 points). It bounds what the data leave
    /// undetermined, such as a model that always wins; with a hundred comparisons of a model it changes strengths by about a point.
    /// </summary>
    public double PriorStd { get; init; } = 4;

    /// <summary>The seed of the bootstrap.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>Models ordered by strength, estimated with <see cref="Davidson"/>'s model, with bootstrap intervals over prompts.</summary>
/// <param name="Models">The strongest first; models without a comparison are absent.</param>
/// <param name="Effects">The effect of each feature that is controlled for.</param>
/// <param name="Wins">(M, M): how often the row's model beat the column's.</param>
/// <param name="Ties">(M, M): how often the two tied.</param>
public sealed record Leaderboard(IReadOnlyList<ModelStrength> Models, IReadOnlyList<StyleEffect> Effects, int[,] Wins, int[,] Ties)
{
    /// <summary>Points for 1 in log-odds.</summary>
    internal static readonly double Points = 400 / Math.Log(10);

    const int Rounds = 400;

    /// <summary>
    /// The rank of each model in <see cref="Models"/>: 1 plus the number of models of its group whose interval is above its own, so that
    /// models whose order the votes do not carry share a rank. Chiang et al. 2024, Chatbot Arena, https://arxiv.org/abs/2403.04132
    /// </summary>
    public IReadOnlyList<int> Ranks =>
        [.. Models.Select(model => 1 + Models.Count(other => other.Group == model.Group && other.Strength.Low > model.Strength.High))];

    /// <summary>How many groups of models have no comparison between them.</summary>
    public int Groups => Models.Select(model => model.Group).Distinct().Count();

    /// <param name="comparisons">The comparisons; those of a model with itself are ignored.</param>
    /// <param name="models">How many models there are, M.</param>
    /// <param name="options">Options of the estimate.</param>
    public static Leaderboard Fit(IEnumerable<ModelComparison> comparisons, int models, LeaderboardOptions options)
    {
        var features = options.Control switch { StyleControl.None => 0, StyleControl.Length => 1, _ => 4 };
        var meetings = new Dictionary<Match, int>();
        var held = comparisons.Where(comparison => comparison.First != comparison.Second).Select(comparison => Cell(comparison)).ToList();
        var sampling = new Resampling(held, 3 * meetings.Count);
        if (held.Count == 0)
            return new([], [], new int[models, models], new int[models, models]);
        var davidson = new Davidson([.. meetings.Keys], models, features, options.PriorStd);
        var fit = davidson.Fit(sampling.Whole());
        var deviations = Enumerable.Range(0, features).Select(feature => Deviation([.. meetings.Keys], sampling.Whole(), feature)).ToList();
        var estimates = sampling.Estimates(InPoints, "no two compared responses differ in it", options.Seed, Rounds);
        var (wins, ties) = Matrices([.. meetings.Keys], sampling.Whole(), models);
        var strengths = Strengths([.. estimates.Take(models)], wins, ties);
        return new(strengths, [.. deviations.Select((deviation, k) => new StyleEffect((StyleFeature)k, estimates[models + k], deviation))],
            wins, ties);

        (long, int) Cell(ModelComparison comparison)
        {
            var (meeting, winner) = Ordered(comparison, features);
            if (!meetings.TryGetValue(meeting, out var index))
                meetings.Add(meeting, index = meetings.Count);
            return (comparison.Item, 3 * index + (int)winner);
        }

        double[] InPoints(int[] outcomes)
        {
            var place = davidson.Fit(outcomes, fit);
            var points = place[..models].Select(strength => 1000 + Points * strength);
            return [.. points, .. deviations.Select((deviation, k) => deviation == 0 ? double.NaN : place[models + 1 + k] * deviation)];
        }
    }

    /// <summary>The root of the mean square of the differences in a feature.</summary>
    static double Deviation(IReadOnlyList<Match> meetings, int[] outcomes, int feature)
    {
        var (squares, count) = (0.0, 0);
        foreach (var (i, match) in meetings.Index())
        {
            var times = outcomes[3 * i] + outcomes[3 * i + 1] + outcomes[3 * i + 2];
            (squares, count) = (squares + times * match.Difference[feature] * match.Difference[feature], count + times);
        }
        return Math.Sqrt(squares / count);
    }

    static (Match, Winner) Ordered(ModelComparison comparison, int features)
    {
        var (first, second, winner) = (comparison.First, comparison.Second, comparison.Winner);
        var difference = new StyleDifference(
            X(StyleFeature.Length), X(StyleFeature.Headers), X(StyleFeature.ListItems), X(StyleFeature.Bold));
        return first < second
            ? (new(first, second, difference), winner)
            : (new(second, first, -difference), winner == Winner.Neither ? winner : (Winner)(1 - (int)winner));

        double X(StyleFeature feature) => (int)feature < features
            ? ResponseStyle.Difference(feature, comparison.FirstStyle, comparison.SecondStyle) : 0;
    }

    static (int[,] Wins, int[,] Ties) Matrices(IReadOnlyList<Match> meetings, int[] outcomes, int models)
    {
        var (wins, ties) = (new int[models, models], new int[models, models]);
        foreach (var (i, (first, second, _)) in meetings.Index())
        {
            wins[first, second] += outcomes[3 * i];
            wins[second, first] += outcomes[3 * i + 1];
            ties[first, second] += outcomes[3 * i + 2];
            ties[second, first] += outcomes[3 * i + 2];
        }
        return (wins, ties);
    }

    static IReadOnlyList<ModelStrength> Strengths(IReadOnlyList<Estimate> estimates, int[,] wins, int[,] ties)
    {
        var all = Enumerable.Range(0, estimates.Count);
        var groups = GroupsOf(wins, ties);
        return [.. all.Select(model => new ModelStrength(
                model,
                estimates[model],
                all.Sum(other => wins[model, other]),
                all.Sum(other => wins[other, model]),
                all.Sum(other => ties[model, other]),
                groups[model]))
            .Where(model => model.Wins + model.Losses + model.Ties > 0)
            .OrderByDescending(model => model.Strength.Value)];
    }

    /// <summary>For each model, the smallest number of a model that it is connected with by comparisons.</summary>
    static int[] GroupsOf(int[,] wins, int[,] ties)
    {
        var groups = Enumerable.Range(0, wins.GetLength(0)).ToArray();
        for (var first = 0; first < groups.Length; first++)
            for (var second = 0; second < groups.Length; second++)
                if (wins[first, second] + ties[first, second] > 0)
                {
                    var (kept, merged) = (Math.Min(groups[first], groups[second]), Math.Max(groups[first], groups[second]));
                    groups = Array.ConvertAll(groups, group => group == merged ? kept : group);
                }
        return groups;
    }
}
