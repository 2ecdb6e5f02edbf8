namespace Attune.Data.Agreement;

/// <summary>How well an annotator finds the true category of a unit.</summary>
/// <param name="Accuracy">The probability that the annotator chooses the true category.</param>
/// <param name="Confusion">(K, K): the probability that the annotator chooses the column's category where the row's is true.</param>
/// <param name="Ratings">How many ratings the annotator made.</param>
public sealed record AnnotatorAbility(Estimate Accuracy, double[,] Confusion, int Ratings);

/// <summary>
/// The model of Dawid and Skene 1979, https://doi.org/10.2307/2346806: every unit has one true category, and every annotator has a matrix
/// of the probabilities of their choices for each true category. The EM algorithm estimates both, starting from the shares of votes.
/// Departures:
/// 1. Each row of a matrix has a Dirichlet prior: as if the annotator had made some more choices, distributed like everyone's, so that
/// annotators with few ratings are like the others.
/// 2. The interval of an annotator's accuracy a comes from the scores p − a of the ratings, where p is the probability that the rating is
/// right (the outer product of gradients, in the logit of a). It is wide where the data hardly tell which ratings are right.
/// </summary>
public sealed class DawidSkene
{
    const int MostSteps = 200;
    const double Tolerance = 1e-6;
    const double Least = 1e-9;                                   // a probability is never 0, so that its logarithm is finite

    readonly RatedUnits units;
    readonly Dictionary<long, int> numbers;                      // of the annotators
    readonly Dictionary<int, int> categories;
    readonly int[] raters;                                       // of each rating, the number of the annotator
    readonly int[] choices;                                      // of each rating, the number of the category
    readonly double[] confusions;                                // (A, K, K)
    readonly double[] everyone;                                  // (K, K): the matrix of all choices
    readonly double[] shares;                                    // (K): how common each true category is
    readonly double[] truths;                                    // (N, K): the posterior of each unit

    DawidSkene(RatedUnits units)
    {
        this.units = units;
        Raters = [.. units.Ratings.Select(rating => rating.Rater).Distinct().Order()];
        numbers = Raters.Index().ToDictionary(rater => rater.Item, rater => rater.Index);
        categories = units.Values.Index().ToDictionary(value => value.Item, value => value.Index);
        raters = [.. units.Ratings.Select(rating => numbers[rating.Rater])];
        choices = [.. units.Ratings.Select(rating => categories[rating.Value])];
        everyone = new double[K * K];
        confusions = new double[Raters.Count * K * K];
        shares = new double[K];
        truths = new double[units.Count * K];
    }

    /// <summary>The values of the categories, in the order of rows and columns.</summary>
    public IReadOnlyList<int> Values => units.Values;

    /// <summary>How common each true category is, (K).</summary>
    public IReadOnlyList<double> Shares => shares;

    /// <summary>The annotators.</summary>
    public IReadOnlyList<long> Raters { get; }

    int K => units.Values.Count;

    /// <param name="units">The units with their ratings.</param>
    /// <param name="prior">How many choices the prior adds to each row of an annotator's matrix.</param>
    public static DawidSkene Fit(RatedUnits units, double prior = 1)
    {
        var model = new DawidSkene(units);
        model.StartFromVotes();
        var last = double.NegativeInfinity;
        for (var step = 0; step < MostSteps; step++)
        {
            model.Maximize(prior);
            var likelihood = model.Expect();
            if (likelihood - last < Tolerance * Math.Abs(likelihood))
                break;
            last = likelihood;
        }
        return model;
    }

    /// <summary>The probability of each category for the true category of a unit, (K).</summary>
    /// <param name="unit">The number of the unit.</param>
    public ReadOnlySpan<double> Posterior(int unit) => truths.AsSpan(unit * K, K);

    /// <summary>The same for a unit with these ratings. An annotator who shares no unit with others counts like everyone.</summary>
    /// <param name="ratings">The annotators and the values that they chose; a value that occurs in no unit does not count.</param>
    public double[] Posterior(IEnumerable<(long Rater, int Value)> ratings)
    {
        var posterior = LogShares();
        foreach (var (rater, value) in ratings)
            if (categories.TryGetValue(value, out var choice))
                for (var truth = 0; truth < K; truth++)
                    posterior[truth] += Math.Log(numbers.TryGetValue(rater, out var number)
                        ? confusions[Cell(number, truth, choice)] : everyone[truth * K + choice]);
        Normalize(posterior);
        return posterior;
    }

    /// <summary>The ability of every annotator, in the order of <see cref="Raters"/>.</summary>
    public IReadOnlyList<AnnotatorAbility> Abilities()
    {
        var accuracies = Raters.Select((_, rater) =>
            Enumerable.Range(0, K).Sum(truth => shares[truth] * confusions[Cell(rater, truth, truth)])).ToArray();
        var (information, counts) = (new double[Raters.Count], new int[Raters.Count]);
        for (int unit = 0, rating = 0; unit < units.Count; unit++)
            for (var end = rating + units[unit].Length; rating < end; rating++)
            {
                var score = truths[unit * K + choices[rating]] - accuracies[raters[rating]];
                information[raters[rating]] += score * score;
                counts[raters[rating]]++;
            }
        return [.. accuracies.Select((accuracy, rater) =>
            new AnnotatorAbility(LogitInterval.Of(accuracy, information[rater], counts[rater]), Confusion(rater), counts[rater]))];
    }

    double[,] Confusion(int rater)
    {
        var matrix = new double[K, K];
        for (var truth = 0; truth < K; truth++)
            for (var choice = 0; choice < K; choice++)
                matrix[truth, choice] = confusions[Cell(rater, truth, choice)];
        return matrix;
    }

    int Cell(int rater, int truth, int choice) => (rater * K + truth) * K + choice;

    void StartFromVotes()
    {
        for (int unit = 0, rating = 0; unit < units.Count; unit++)
        {
            var votes = units[unit].Length;
            for (var end = rating + votes; rating < end; rating++)
                truths[unit * K + choices[rating]] += 1.0 / votes;
        }
    }

    /// <summary>The M step: matrices and shares from the posteriors.</summary>
    void Maximize(double prior)
    {
        Array.Clear(shares);
        Array.Clear(confusions);
        for (int unit = 0, rating = 0; unit < units.Count; unit++)
        {
            var posterior = truths.AsSpan(unit * K, K);
            for (var truth = 0; truth < K; truth++)
                shares[truth] += posterior[truth] / units.Count;
            for (var end = rating + units[unit].Length; rating < end; rating++)
                for (var truth = 0; truth < K; truth++)
                    confusions[Cell(raters[rating], truth, choices[rating])] += posterior[truth];
        }
        Array.Clear(everyone);
        for (var cell = 0; cell < confusions.Length; cell++)
            everyone[cell % (K * K)] += confusions[cell];
        ToProbabilities(everyone, new double[K * K]);
        var expected = Array.ConvertAll(everyone, share => share * prior);
        for (var rater = 0; rater < Raters.Count; rater++)
            ToProbabilities(confusions.AsSpan(Cell(rater, 0, 0), K * K), expected);
    }

    /// <summary>Adds a prior to counts (K, K) and divides each row by its sum.</summary>
    void ToProbabilities(Span<double> counts, ReadOnlySpan<double> prior)
    {
        for (var start = 0; start < counts.Length; start += K)
        {
            var sum = 0.0;
            for (var cell = start; cell < start + K; cell++)
                sum += counts[cell] += prior[cell] + Least;
            for (var cell = start; cell < start + K; cell++)
                counts[cell] /= sum;
        }
    }

    /// <summary>The E step: posteriors from matrices and shares.</summary>
    /// <returns>The log-likelihood.</returns>
    double Expect()
    {
        var likelihood = 0.0;
        var (logarithms, logShares) = (Array.ConvertAll(confusions, Math.Log), LogShares());
        for (int unit = 0, rating = 0; unit < units.Count; unit++)
        {
            var posterior = truths.AsSpan(unit * K, K);
            logShares.CopyTo(posterior);
            for (var end = rating + units[unit].Length; rating < end; rating++)
                for (var truth = 0; truth < K; truth++)
                    posterior[truth] += logarithms[Cell(raters[rating], truth, choices[rating])];
            likelihood += Normalize(posterior);
        }
        return likelihood;
    }

    double[] LogShares() => Array.ConvertAll(shares, share => Math.Log(Math.Max(share, Least)));

    /// <summary>Makes probabilities of logarithms.</summary>
    /// <returns>The logarithm of their sum.</returns>
    static double Normalize(Span<double> logarithms)
    {
        var (most, sum) = (double.NegativeInfinity, 0.0);
        foreach (var logarithm in logarithms)
            most = Math.Max(most, logarithm);
        foreach (ref var value in logarithms)
            sum += value = Math.Exp(value - most);
        foreach (ref var value in logarithms)
            value /= sum;
        return most + Math.Log(sum);
    }
}
