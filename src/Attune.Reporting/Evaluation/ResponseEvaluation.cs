using Attune.Reporting.TextMetrics;
using MathNet.Numerics.Statistics;

namespace Attune.Reporting.Evaluation;

/// <summary>The responses of one model to the prompts of a file.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Prompts">The prompts.</param>
/// <param name="Texts">A response to each prompt with the prompt's references, which may be none.</param>
/// <param name="Numbers">Numbers of each response, such as its length and its score; NaN where a response has none.</param>
public sealed record ModelResponses(
    string Model, IReadOnlyList<string> Prompts, IReadOnlyList<ReferencedText> Texts,
    IReadOnlyDictionary<string, IReadOnlyList<double>> Numbers)
{
    /// <summary>
    /// −log of the probability of each response under a language model, and the response's tokens in it; null for no language model.
    /// </summary>
    public IReadOnlyList<(double Loss, int Tokens)>? Losses { get; init; }
}

/// <summary>A 95 % interval.</summary>
public readonly record struct Interval(double Low, double High);

/// <summary>A metric of one model.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Value">The metric.</param>
/// <param name="Interval">Its bootstrap interval; null where the metric has none.</param>
/// <param name="Difference">The metric less that of the first model; null for the first model.</param>
/// <param name="DifferenceInterval">The paired bootstrap interval of the difference.</param>
public sealed record ModelMetric(string Model, double Value, Interval? Interval, double? Difference, Interval? DifferenceInterval)
{
    /// <summary>Whether the interval of the difference does not contain 0.</summary>
    public bool Differs => DifferenceInterval is { } interval && (interval.Low > 0 || interval.High < 0);
}

/// <summary>A metric of every model.</summary>
/// <param name="Name">The metric's name.</param>
/// <param name="LowerIsBetter">Whether a lower number is better.</param>
/// <param name="Models">The models, in their order.</param>
public sealed record ComparedMetric(string Name, bool LowerIsBetter, IReadOnlyList<ModelMetric> Models);

/// <summary>
/// Compares the responses of one or several models to the same prompts. Intervals are bootstrap intervals over prompts; those of
/// differences are paired: each round measures all models on the same prompts. Koehn 2004, https://aclanthology.org/W04-3250
/// </summary>
/// <param name="Models">The models with their responses.</param>
/// <param name="Metrics">The metrics.</param>
public sealed record ResponseEvaluation(IReadOnlyList<ModelResponses> Models, IReadOnlyList<ComparedMetric> Metrics)
{
    /// <summary>The name that stands for all measures of <see cref="Diversity"/>.</summary>
    public const string DiversityName = "diversity";

    /// <summary>
    /// The name of the share of prompts on which a model has a higher score than the first model; equal scores count as half.
    /// </summary>
    public const string WinRateName = "win rate";

    /// <summary>The name of the perplexity of all responses under a language model, exp(Σ losses / Σ tokens).</summary>
    public const string PerplexityName = "perplexity";

    const int Rounds = 1000;
    const double Rounding = 1e-6;

    /// <param name="models">At least one model; all have responses to the same prompts, at least one.</param>
    /// <param name="names">
    /// Names of metrics: of <see cref="TextMetricCatalog"/>, of the models' numbers, diversity, or perplexity.
    /// </param>
    /// <param name="seed">The seed of the bootstrap.</param>
    public static ResponseEvaluation Create(IReadOnlyList<ModelResponses> models, IReadOnlyList<string> names, int seed)
    {
        var draws = Draws(models[0].Texts.Count, seed);
        return new(models, [.. names.SelectMany(name => name == DiversityName ? OfDiversity(models) : [Measure(name, models, draws)])]);
    }

    /// <summary>The models with the number <see cref="WinRateName"/>, which is 0.5 for the first.</summary>
    /// <param name="models">The models.</param>
    /// <param name="score">The name of the number that decides.</param>
    public static IReadOnlyList<ModelResponses> WithWinRate(IReadOnlyList<ModelResponses> models, string score) =>
    [
        .. models.Select(model => WithWinRate(model, [.. model.Numbers[score].Zip(models[0].Numbers[score], Win)])),
    ];

    /// <summary>A model with the number <see cref="WinRateName"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="wins">For each prompt, the probability that its response is better than that of the first model.</param>
    public static ModelResponses WithWinRate(ModelResponses model, IReadOnlyList<double> wins) => model with
    {
        Numbers = new Dictionary<string, IReadOnlyList<double>>(model.Numbers, StringComparer.Ordinal) { [WinRateName] = wins },
    };

    /// <summary>
    /// Scores that differ by rounding are equal: a model gives the same text slightly different scores in different batches.
    /// </summary>
    static double Win(double own, double first) => double.IsNaN(own) || double.IsNaN(first) ? double.NaN
        : Math.Abs(own - first) <= Rounding * Math.Max(1, Math.Abs(first)) ? 0.5
        : own > first ? 1 : 0;

    /// <summary>Indices of prompts, drawn with replacement.</summary>
    static int[][] Draws(int prompts, int seed)
    {
        var random = new Random(seed);
        int[] all = [.. Enumerable.Range(0, prompts)];
        return [.. Enumerable.Range(0, Rounds).Select(_ => random.GetItems(all, prompts))];
    }

    static Func<IReadOnlyList<int>, double> MeansOf(IReadOnlyList<double> numbers) => rows =>
        rows.Select(row => numbers[row]).Where(number => !double.IsNaN(number)).DefaultIfEmpty(double.NaN).Average();

    static Func<IReadOnlyList<int>, double> PerplexityOf(IReadOnlyList<(double Loss, int Tokens)> losses) => rows =>
        Math.Exp(rows.Sum(row => losses[row].Loss) / rows.Sum(row => losses[row].Tokens));

    static ComparedMetric Measure(string name, IReadOnlyList<ModelResponses> models, int[][] draws)
    {
        var metric = TextMetricCatalog.All.GetValueOrDefault(name);
        int[] all = [.. Enumerable.Range(0, models[0].Texts.Count)];
        (double Value, double[] Drawn)[] measured = [.. models.Select(model =>
        {
            var score = name == PerplexityName ? PerplexityOf(model.Losses!)
                : metric?.OfSelections(model.Texts) ?? MeansOf(model.Numbers[name]);
            return (score(all), Array.ConvertAll(draws, draw => score(draw)));
        })];
        var (value, drawn) = measured[0];
        var lowerIsBetter = name == PerplexityName || metric is { LowerIsBetter: true };
        return new(name, lowerIsBetter, [.. models.Zip(measured, (model, own) => model == models[0]
            ? new ModelMetric(model.Model, own.Value, Percentiles(own.Drawn), null, null)
            : new(
                model.Model, own.Value, Percentiles(own.Drawn), own.Value - value,
                Percentiles([.. own.Drawn.Zip(drawn, (a, b) => a - b)])))]);
    }

    /// <summary>Diversity is measured once: a resampled set repeats responses, so it is less diverse than the set.</summary>
    static IEnumerable<ComparedMetric> OfDiversity(IReadOnlyList<ModelResponses> models)
    {
        var measured = models.Select(model => Diversity.Measure([.. model.Texts.Select(text => text.Response)])
            .ToDictionary(StringComparer.Ordinal)).ToList();
        return measured[0].Keys.Where(name => measured.TrueForAll(own => own.ContainsKey(name))).Select(name => new ComparedMetric(
            name, false, [.. models.Zip(measured, (model, own) => new ModelMetric(
                model.Model, own[name], null, model == models[0] ? null : own[name] - measured[0][name], null))]));
    }

    static Interval Percentiles(double[] drawn)
    {
        double[] sorted = [.. drawn.Order()];
        return new(Quantile(0.025), Quantile(0.975));

        double Quantile(double share) => SortedArrayStatistics.QuantileCustom(sorted, share, QuantileDefinition.R7);
    }
}
