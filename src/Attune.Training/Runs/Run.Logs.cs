using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Torch.Distributed;

namespace Attune.Training.Runs;

/// <summary>The files to which a run adds what it measures: metrics, samples, and both for TensorBoard.</summary>
public sealed partial class Run
{
    /// <summary>How many samples of an evaluation between the first and the last are kept to be read.</summary>
    const int SamplesBetween = 16;

    /// <summary>How many samples of an evaluation are in TensorBoard's event file.</summary>
    const int SampleTexts = 8;

    JsonLinesLog? metricLog;
    JsonLinesLog? sampleLog;
    EventFile? events;

    void OpenFiles(int step)
    {
        if (!Ranks.IsFirst)
            return;
        var last = step == 0 ? -1 : step;                        // the evaluation of step 0 is repeated
        metricLog = new(Folder.Metrics, last);
        sampleLog = new(Folder.Samples, last);
        events = new(Folder.Path, last + 1);
        if (health is not null)
            healthLog = new(Folder.Health, step);
    }

    void CloseFiles()
    {
        metricLog?.Dispose();
        sampleLog?.Dispose();
        events?.Dispose();
        healthLog?.Dispose();
    }

    /// <summary>Whether the evaluation after a step was logged: a reward may have failed before.</summary>
    bool HasEvaluation(int done) => Ranks.Once(() => JsonLinesLog.Read(Folder.Metrics).Any(line =>
        line["step"] is JsonValue step && step.TryGetValue(out int number) && number == done
        && line.Any(pair => pair.Key.StartsWith(Metric.HeldOut, StringComparison.Ordinal))));

    void LogMetrics(int step, IReadOnlyDictionary<string, double> metrics)
    {
        var line = new JsonObject { ["step"] = step, ["time/seconds"] = Math.Round(Seconds, 3) };
        Add(line, metrics);
        if (Ranks.IsFirst)
        {
            metricLog!.Write(line);
            RunTelemetry.Record(Name, metrics);
            events!.WriteScalars(step, [("time/seconds", Seconds), .. metrics.Select(metric => (metric.Key, metric.Value))]);
        }
        foreach (var change in health?.Observe(step, metrics) ?? [])
            NotifyHealthChange(change, step);
    }

    void LogEvaluation(int step, EvaluationResult evaluation, int samples)
    {
        if (evaluation.Metrics.Count > 0)
            LogMetrics(step, evaluation.Metrics);
        if (bestBy is not null && evaluation.Metrics.TryGetValue(bestBy, out var value) && !(value <= best?.Value)
            && double.IsFinite(value))
        {
            best = (step, value);
            checkpoints.SaveBest(step, value, states);
        }
        if (!Ranks.IsFirst)
            return;
        foreach (var sample in evaluation.Samples.Take(samples))
        {
            var line = new JsonObject { ["step"] = step, ["prompt"] = sample.Prompt, ["completion"] = sample.Completion };
            Add(line, sample.Numbers);
            sampleLog!.Write(line);
        }
        WriteSampleTexts(step, evaluation.Samples);
    }

    /// <summary>A few samples for TensorBoard, with the text of models as Markdown code.</summary>
    void WriteSampleTexts(int step, IEnumerable<Sample> samples)
    {
        foreach (var (index, sample) in samples.Take(SampleTexts).Index())
            events!.WriteText(step, $"samples/{index}", string.Concat(
                $"{sample.Prompt}\n→ {sample.Completion}\n".Split('\n').Select(line => $"    {line}\n")
                    .Append(string.Join(", ", sample.Numbers.Select(number => $"{number.Key} {NumberFormat.Number(number.Value)}")))));
    }

    /// <summary>JSON has no NaN and no infinity: they are written as strings.</summary>
    static void Add(JsonObject line, IReadOnlyDictionary<string, double> numbers)
    {
        foreach (var (name, value) in numbers)
            line[name] = double.IsFinite(value) ? value : value.ToString();
    }
}
