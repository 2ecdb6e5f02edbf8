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

/// <summary>Options of a leaderboard.</summary>
public sealed record LeaderboardOptions
{
    /// <summary>
    /// Whether strengths are estimated at equal length: the length difference (a − b) / (a + b) of two responses gets a coefficient, as in
    /// the style control of Chatbot Arena. Differences are rounded to twentieths.
    /// </summary>
    public bool LengthControl { get; init; }

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
/// <param name="LengthEffect">The points that a response gains when it is twice as long as the other one; null without length
/// control.</param>
/// <param name="Wins">(M, M): how often the row's model beat the column's.</param>
/// <param name="Ties">(M, M): how often the two tied.</param>
public sealed record Leaderboard(IReadOnlyList<ModelStrength> Models, Estimate? LengthEffect, int[,] Wins, int[,] Ties)
{
    /// <summary>Points for 1 in log-odds.</summary>
    internal static readonly double Points = 400 / Math.Log(10);

    const int LengthSteps = 20;
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
        var meetings = new Dictionary<Match, int>();
        var held = comparisons.Where(comparison => comparison.First != comparison.Second).Select(comparison => Cell(comparison)).ToList();
        var sampling = new Resampling(held, 3 * meetings.Count);
        if (held.Count == 0)
            return new([], null, new int[models, models], new int[models, models]);
        var davidson = new Davidson([.. meetings.Keys], models, options.LengthControl, options.PriorStd);
        var fit = davidson.Fit(sampling.Whole());
        var estimates = sampling.Estimates(InPoints, "", options.Seed, Rounds);
        var (wins, ties) = Matrices([.. meetings.Keys], sampling.Whole(), models);
        var strengths = Strengths([.. estimates.Take(models)], wins, ties);
        return new(strengths, options.LengthControl ? estimates[^1] : null, wins, ties);

        (long, int) Cell(ModelComparison comparison)
        {
            var (meeting, winner) = Ordered(comparison, options.LengthControl);
            if (!meetings.TryGetValue(meeting, out var index))
                meetings.Add(meeting, index = meetings.Count);
            return (comparison.Item, 3 * index + (int)winner);
        }

        double[] InPoints(int[] outcomes)
        {
            var place = davidson.Fit(outcomes, fit);
            var points = place[..models].Select(strength => 1000 + Points * strength);
            return [.. points, .. options.LengthControl ? [place[^1] * Points / 3] : Array.Empty<double>()];     // (2 − 1) / (2 + 1)
        }
    }

    static (Match, Winner) Ordered(ModelComparison comparison, bool lengthControl)
    {
        var (first, second, winner) = (comparison.First, comparison.Second, comparison.Winner);
        var (a, b) = (comparison.FirstLength, comparison.SecondLength);
        var difference = lengthControl && a != b ? Math.Round(LengthSteps * (double)(a - b) / ((long)a + b)) / LengthSteps : 0;
        return first < second
            ? (new(first, second, difference), winner)
            : (new(second, first, -difference), winner == Winner.Neither ? winner : (Winner)(1 - (int)winner));
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
