using System.Globalization;
using System.Text.Json.Nodes;
using Attune.Data.Agreement;
using Attune.Input;
using Attune.Store;
using Attune.Studio.Jobs;
using Attune.Text;

namespace Attune.Studio.Loop;

/// <summary>What to sample.</summary>
/// <param name="Models">The models; each responds to all prompts.</param>
/// <param name="Prompts">Texts or lists of messages.</param>
/// <param name="Samples">How many responses each model writes to each prompt.</param>
/// <param name="Temperature">The sampling temperature.</param>
/// <param name="TopP">The top-p of sampling.</param>
/// <param name="MaxNewTokens">The most tokens of a response.</param>
sealed record SampleRequest(IReadOnlyList<ModelChoice> Models, IReadOnlyList<JsonNode> Prompts, int Samples, double Temperature,
    double TopP, int MaxNewTokens);

/// <summary>Models respond to prompts, one after the other; the responses become items.</summary>
static class SampleJob
{
    const string Sources = "sources";

    /// <summary>The most responses of an item.</summary>
    const int MostAnswers = 9;

    /// <exception cref="InvalidDataException">There would be too few responses to compare, or too many.</exception>
    public static Job Enqueue(JobStart jobs, Project project, SampleRequest request, Person by)
    {
        if (project.Settings.Task is TaskKind.Dialogue or TaskKind.Demonstration or TaskKind.Steps)
            throw new InvalidDataException("this project's task is not about sampled answers; sample into one of pairs, orders or ratings");
        var (answers, task) = (request.Models.Count * request.Samples, project.Settings.Task);
        if (answers < Least(task) || (task != TaskKind.Pairwise && answers > Most(task)))
            throw new InvalidDataException(
                $"this project's task needs {Least(task)} to {Most(task)} answers per prompt "
                + $"(was {answers}: {request.Models.Count} models with {request.Samples} each)");
        var names = request.Models.Select(model => model.Name).ToArray();
        var job = new Job
        {
            Project = project.Id, Kind = JobKind.Sample, Commands = [], Person = by.Id,
            Title = $"{Quantity.Of(request.Prompts.Count, "prompt")} answered by {string.Join(", ", names)}",
            Settings = new() { [Sources] = new JsonArray([.. names.Select(name => (JsonNode)name)]) },
        };
        return jobs.Enqueue(job, folder => PromptFile.Write(folder.Input, request.Prompts),
            folder => [.. request.Models.Select((model, step) => Command(request, model, step, folder))]);
    }

    static IReadOnlyList<string> Command(SampleRequest request, ModelChoice model, int step, JobFolder folder) =>
    [
        "generate", model.Path, "--prompts", folder.Input, "--output", folder.Output(step), "--samples", Word(request.Samples),
        "--temperature", Word(request.Temperature),
        "--top-p", Word(request.TopP), "--max-new-tokens", Word(request.MaxNewTokens), "--seed", Word(Random.Shared.Next(1, 1_000_000)),
    ];

    static string Word(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    public static void ImportResult(PreferenceStore store, Job job, JobFolder folder)
    {
        var task = store.Projects.Get(job.Project!.Value).Settings.Task;
        var prompts = Rows(folder.Input).Select(row => row["prompt"]!).ToList();
        var columns = job.Settings[Sources]!.AsArray().Select((source, step) => Answers(folder.Output(step), $"{source}", prompts.Count))
            .ToList();
        var groups = prompts.Select((prompt, at) => Items(prompt, [.. columns.Select(column => column[at])], task).ToList()).ToList();
        var (items, without) = (groups.SelectMany(group => group).ToList(), groups.Count(group => group.Count == 0));
        var leftOut = without == 0 ? "" : $"; {Quantity.Of(without, "prompt")} left out because all answers were the same";
        store.Jobs.Finish(job.Id, $"{Quantity.Of(items.Count, "item")} added{leftOut}", items);
    }

    /// <summary>
    /// The items of a prompt. The models' responses alternate, so that with two models a pair has one response of each. Duplicates are
    /// removed, and an item with too few responses left is dropped.
    /// </summary>
    internal static IEnumerable<Item> Items(JsonNode prompt, IReadOnlyList<IReadOnlyList<ItemResponse>> byModel, TaskKind task) => byModel
        .SelectMany(answers => answers.Index())
        .OrderBy(answer => answer.Index)
        .Select(answer => answer.Item)
        .Chunk(task == TaskKind.Pairwise ? 2 : Most(task))
        .Select(group => group.DistinctBy(answer => answer.Text.ToJsonString(), StringComparer.Ordinal).ToList())
        .Where(group => group.Count >= Least(task))
        .Select(group =>
            new Item { Prompt = prompt, Answers = [.. group.Select(answer => answer with { Text = AsIn(prompt, answer.Text) })] });

    /// <summary>A response to a conversation becomes an assistant message.</summary>
    internal static JsonNode AsIn(JsonNode prompt, JsonNode answer) => prompt is JsonArray && answer is JsonValue
        ? new JsonArray(new JsonObject { ["role"] = "assistant", ["content"] = answer.DeepClone() })
        : answer;

    static int Least(TaskKind task) => task switch { TaskKind.Rating => 1, TaskKind.BestWorst => 3, _ => 2 };

    /// <summary>An item with more than four answers becomes several in a project of best–worst choices.</summary>
    static int Most(TaskKind task) => task == TaskKind.BestWorst ? BestWorstDesign.MostResponses : MostAnswers;

    static IReadOnlyList<IReadOnlyList<ItemResponse>> Answers(string file, string source, int prompts)
    {
        IReadOnlyList<IReadOnlyList<ItemResponse>> answers = [.. Rows(file).Select(row =>
            (IReadOnlyList<ItemResponse>)[.. row["completions"]!.AsArray()
                .Select(completion => new ItemResponse(completion!.DeepClone(), source))])];
        return answers.Count == prompts ? answers
            : throw new InvalidDataException($"{file} must have answers to {prompts} prompts (was {answers.Count})");
    }

    internal static IEnumerable<JsonObject> Rows(string file) =>
        InputFile.ReadLines(file, most: long.MaxValue).Index().Where(line => line.Item.Length > 0)
            .Select(line => JsonObject.Create(JsonInput.Parse(line.Item, file, line.Index + 1))!);
}
