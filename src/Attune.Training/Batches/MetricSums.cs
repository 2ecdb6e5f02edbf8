namespace Attune.Training.Batches;

/// <summary>Adds the shares of means that micro-batches report.</summary>
static class MetricSums
{
    public static void AddUp(this Dictionary<string, double> sums, IEnumerable<KeyValuePair<string, double>> shares)
    {
        foreach (var (name, share) in shares)
            sums[name] = sums.GetValueOrDefault(name) + share;
    }
}
