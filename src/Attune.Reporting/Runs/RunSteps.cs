using System.Globalization;

namespace Attune.Reporting.Runs;

/// <summary>The progress of a run.</summary>
public static class RunSteps
{
    /// <summary>
    /// The steps done and the steps of the whole run. The second is estimated from epochs where the recipe sets those, and 0 where it is
    /// not known.
    /// </summary>
    public static (long Done, long Total) Count(RunFolder folder) =>
        folder.HasStarted ? Count(RunRecord.ReadEnd(folder), RecipeText.Read(folder)) : (0, 0);

    public static (long Done, long Total) Count(RunRecord record, IReadOnlyDictionary<string, string> recipe)
    {
        var (done, steps, epochs) = ((long)record.Steps, Number("training.steps"), Number("training.epochs"));
        var epoch = record.Metrics.FirstOrDefault(metric => metric.Name == "epoch")?.Points[^1];
        return (done,
            steps > 0 ? (long)steps : epoch is { X: > 0, Y: > 0 } at ? Math.Max(done, (long)Math.Ceiling(at.X * epochs / at.Y)) : 0);

        double Number(string key) =>
            recipe.TryGetValue(key, out var text) && double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
