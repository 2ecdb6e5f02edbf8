using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Reporting.Files;

namespace Attune.Training.Runs;

/// <summary>The machine-readable summary of a run: time, memory, and the first and last value of every metric.</summary>
static class RunSummary
{
    public static JsonObject Create(Run run)
    {
        var metrics = new JsonObject();
        var steps = 0;
        foreach (var line in JsonLinesLog.Read(run.Folder.Metrics))
            foreach (var (name, value) in line)
            {
                if (name == "step")
                    steps = Math.Max(steps, (int)value!);
                else if (metrics[name] is JsonObject known)
                    known["last"] = value!.DeepClone();
                else
                    metrics[name] = new JsonObject { ["first"] = value!.DeepClone(), ["last"] = value.DeepClone() };
            }
        var summary = new JsonObject
        {
            ["method"] = run.Method.Name,
            ["seed"] = run.Seed,
            ["steps"] = steps,
            ["wallSeconds"] = Math.Round(run.Seconds, 2),
            ["peakMemoryBytes"] = Process.GetCurrentProcess().PeakWorkingSet64,
            ["metrics"] = metrics,
        };
        if (run.Best is var (metric, step, best))
            summary["best"] = new JsonObject { ["metric"] = metric, ["step"] = step, ["value"] = best };
        return summary;
    }
}
