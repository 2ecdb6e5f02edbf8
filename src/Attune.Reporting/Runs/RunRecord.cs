using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Files;

namespace Attune.Reporting.Runs;

/// <summary>The logged metrics and samples of a run, in the order of the log.</summary>
public sealed record RunRecord(IReadOnlyList<RecordedMetric> Metrics, IReadOnlyList<RecordedSample> Samples)
{
    /// <summary>The last step that was logged.</summary>
    public int Steps => (int)Metrics.Select(metric => metric.Points[^1].X).DefaultIfEmpty().Max();

    /// <summary>The time that the run has trained.</summary>
    public TimeSpan? Duration =>
        Metrics.FirstOrDefault(metric => metric.Name == "time/seconds") is { } seconds ? TimeSpan.FromSeconds(seconds.Points[^1].Y) : null;

    /// <summary>Reads a run's files; missing files and damaged lines are ignored.</summary>
    public static RunRecord Read(RunFolder folder) => new(
        MetricsOf(JsonLinesLog.Read(folder.Metrics)),
        [.. JsonLinesLog.Read(folder.Samples).Select(RecordedSample.From).OfType<RecordedSample>()]);

    /// <summary>The last metrics of a run only, to get its progress quickly.</summary>
    public static RunRecord ReadEnd(RunFolder folder) => new(MetricsOf(JsonLinesLog.ReadEnd(folder.Metrics)), []);

    static IReadOnlyList<RecordedMetric> MetricsOf(IEnumerable<JsonObject> lines)
    {
        var metrics = new OrderedDictionary<string, List<Point>>(StringComparer.Ordinal);
        foreach (var line in lines)
            if (Number(line["step"]) is { } step)
                foreach (var (name, value) in line.Where(pair => pair.Key != "step"))
                    if (Number(value) is { } number && double.IsFinite(number))
                        PointsOf(metrics, name).Add(new(step, number));
        return [.. metrics.Select(metric => new RecordedMetric(metric.Key, metric.Value))];
    }

    internal static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) ? number : null;

    static List<Point> PointsOf(OrderedDictionary<string, List<Point>> metrics, string name)
    {
        if (!metrics.TryGetValue(name, out var points))
            metrics.Add(name, points = []);
        return points;
    }
}

/// <summary>The values of a metric over steps, at least one; those that are not finite are left out.</summary>
public sealed record RecordedMetric(string Name, IReadOnlyList<Point> Points);

/// <summary>A sample of the evaluation at a step.</summary>
public sealed record RecordedSample(int Step, Sample Sample)
{
    internal static RecordedSample? From(JsonObject line)
    {
        var (prompt, completion) = (Text(line["prompt"]), Text(line["completion"]));
        if (RunRecord.Number(line["step"]) is not { } step || prompt is null || completion is null)
            return null;
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, value) in line.Where(pair => pair.Key != "step"))
            if (RunRecord.Number(value) is { } number)
                numbers[name] = number;
        return new((int)step, new(prompt, completion, numbers));
    }

    static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
