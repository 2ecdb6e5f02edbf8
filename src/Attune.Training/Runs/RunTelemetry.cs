using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Attune.Training.Runs;

/// <summary>Traces and metrics of runs, for listeners such as OpenTelemetry. Without one they cost nothing.</summary>
public static class RunTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Attune.Training";

    static readonly ActivitySource Source = new(Name);
    static readonly Meter Meter = new(Name);
    static readonly Counter<long> Steps = Meter.CreateCounter<long>("attune.run.steps", "{step}", "The steps that runs have made");
    static readonly Gauge<double> Values =
        Meter.CreateGauge<double>("attune.run.metric", unit: null, description: "The last value of each metric of metrics.jsonl");

    /// <summary>A span of a run, or of a part of it; null without a listener.</summary>
    internal static Activity? Start(string name, string run, string method, int step) =>
        Source.StartActivity(name)?.SetTag("attune.run", run).SetTag("attune.method", method).SetTag("attune.step", step);

    internal static void AddStep(string run) => Steps.Add(1, new KeyValuePair<string, object?>("attune.run", run));

    internal static void Record(string run, IReadOnlyDictionary<string, double> metrics)
    {
        if (!Values.Enabled)
            return;
        foreach (var (name, value) in metrics)
            Values.Record(
                value, new KeyValuePair<string, object?>("attune.run", run), new KeyValuePair<string, object?>("attune.metric", name));
    }
}
