using System.Text.Json.Serialization;

namespace Attune.Training.Batches;

/// <summary>The sums of the losses and metrics of an update's micro-batches.</summary>
public sealed class LossTotals
{
    [JsonInclude]
    Dictionary<string, double> metrics = new(StringComparer.Ordinal);

    [JsonInclude]
    Dictionary<string, NumberStatistics> distributions = new(StringComparer.Ordinal);

    [JsonConstructor]
    public LossTotals()
    {
    }

    internal LossTotals(
        double loss, IEnumerable<(string Name, float Value)> metrics, PolicyShiftTotals? shift,
        IEnumerable<(string Name, NumberStatistics Statistics)> distributions)
    {
        (Loss, Shift) = (loss, shift);
        foreach (var (name, value) in metrics)
            this.metrics[name] = value;
        foreach (var (name, statistics) in distributions)
            this.distributions[name] = statistics;
    }

    /// <summary>The loss of the whole batch.</summary>
    [JsonInclude]
    public double Loss { get; private set; }

    /// <summary>How far the policy has moved from the one that sampled; null where nothing was sampled.</summary>
    [JsonInclude]
    public PolicyShiftTotals? Shift { get; private set; }

    /// <summary>All metrics to log, by name.</summary>
    public IReadOnlyDictionary<string, double> Metrics => new Dictionary<string, double>(
        [new("loss", Loss), .. metrics, .. Shift?.Metrics ?? [], .. distributions.SelectMany(row => Of(row.Key, row.Value))],
        StringComparer.Ordinal);

    /// <summary>Adds a micro-batch's share.</summary>
    public void Add(LossTotals share)
    {
        Loss += share.Loss;
        foreach (var (name, value) in share.metrics)
            Add(name, value);
        foreach (var (name, statistics) in share.distributions)
            distributions[name] = distributions.TryGetValue(name, out var others) ? others + statistics : statistics;
        if (share.Shift is { } more)
            Shift = Shift is null ? more : Shift + more;
    }

    /// <summary>Adds to a metric.</summary>
    public void Add(string name, double value) => metrics[name] = metrics.GetValueOrDefault(name) + value;

    static IEnumerable<KeyValuePair<string, double>> Of(string name, NumberStatistics statistics) =>
    [
        new($"{name}/mean", statistics.Mean), new($"{name}/std", statistics.PopulationStandardDeviation),
        new($"{name}/min", statistics.Minimum), new($"{name}/max", statistics.Maximum),
    ];
}

/// <summary><see cref="PolicyShift"/> as numbers.</summary>
public sealed record PolicyShiftTotals(double ApproxKl, double ClipFraction, double MeanRatio)
{
    internal IEnumerable<KeyValuePair<string, double>> Metrics =>
        [new("policy/approx_kl", ApproxKl), new("policy/clipfrac", ClipFraction), new("policy/ratio", MeanRatio)];

    public static PolicyShiftTotals operator +(PolicyShiftTotals first, PolicyShiftTotals second) =>
        new(first.ApproxKl + second.ApproxKl, first.ClipFraction + second.ClipFraction, first.MeanRatio + second.MeanRatio);
}
