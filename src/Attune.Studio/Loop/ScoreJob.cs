using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Studio.Jobs;
using Attune.Text;
using MathNet.Numerics.Statistics;

namespace Attune.Studio.Loop;

/// <summary>Reward models score the responses of items that need decisions, so that the most uncertain items can come first.</summary>
static class ScoreJob
{
    /// <exception cref="InvalidDataException">No item needs decisions.</exception>
    public static Job Enqueue(JobStart jobs, PreferenceStore store, Project project, IReadOnlyList<ModelChoice> models, Person by)
    {
        var items = PromptFile.Items(store, project.Id).Where(item => item.Decided < item.Wanted && item.Answers.Count > 1).ToList();
        if (items.Count == 0)
            throw new InvalidDataException("there are no items with two or more answers that need decisions");
        var job = new Job
        {
            Project = project.Id, Kind = JobKind.Score, Commands = [], Person = by.Id,
            Title = $"{Quantity.Of(items.Count, "item")} scored by {string.Join(", ", models.Select(model => model.Name))}",
        };
        return jobs.Enqueue(job, folder => File.WriteAllLines(folder.Input, items.Select(Row)),
            folder => [.. models.Select((model, step) =>
                (IReadOnlyList<string>)["score", model.Path, folder.Input, "--output", folder.Output(step)])]);
    }

    /// <summary>A row with null ranks: nothing is known about the order yet.</summary>
    static string Row(Item item) => new JsonObject
    {
        ["item"] = item.Id,
        ["prompt"] = item.Prompt.DeepClone(),
        ["completions"] = new JsonArray([.. item.Answers.Select(answer => SampleJob.AsIn(item.Prompt, answer.Text).DeepClone())]),
        ["ranks"] = new JsonArray([.. item.Answers.Select(_ => (JsonNode?)null)]),
    }.ToJsonString();

    public static void ImportResult(PreferenceStore store, Job job, JobFolder folder)
    {
        var items = SampleJob.Rows(folder.Input).Select(row => (long)row["item"]!).ToList();
        var models = job.Commands.Select((_, step) => Scores(folder.Output(step), items.Count)).ToList();
        var units = models.Select(Unit).ToList();
        var scored = items.Select((item, at) => new ItemScores(
            item,
            [.. Enumerable.Range(0, models[0][at].Length)
                .Select(place => models.Average(model => model[at][place]))],
            Uncertainty.Compute([.. models.Zip(units,
                (model, unit) => (IReadOnlyList<double>)[.. model[at].Select(score => score / unit)])]))).ToList();
        store.Jobs.Finish(job.Id, $"{Quantity.Of(items.Count, "item")} scored", scored);
    }

    /// <summary>The standard deviation of a model's scores: models use different units.</summary>
    static double Unit(IReadOnlyList<double[]> scores) =>
        scores.SelectMany(own => own).PopulationStandardDeviation() is > 0 and var std ? std : 1;

    static IReadOnlyList<double[]> Scores(string file, int items)
    {
        IReadOnlyList<double[]> scores = [.. SampleJob.Rows(file).Select(row =>
            row["scores"] is JsonArray several ? several.Select(score => (double)score!).ToArray() : [(double)row["score"]!])];
        return scores.Count == items ? scores
            : throw new InvalidDataException($"{file} must have scores of {items} items (was {scores.Count})");
    }
}
