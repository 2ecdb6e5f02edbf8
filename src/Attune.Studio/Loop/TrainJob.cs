using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Store.Export;
using Attune.Studio.Jobs;

namespace Attune.Studio.Loop;

/// <summary>Starts runs.</summary>
static class TrainJob
{
    /// <exception cref="InvalidDataException">There is no training data, or the recipe is invalid.</exception>
    public static Job Enqueue(JobStart jobs, PreferenceStore store, StudioOptions options, Project project, TrainRequest request,
        IReadOnlyList<QuestionWeight> questions, Person by)
    {
        request.Recipe(options, request.All("runs/new", "data", ""));
        var name = NewName(store, options, project, request.Method.Name);
        var output = Path.Combine(options.Runs, name);
        var models = string.Join(" with ", request.OtherModels.Select(other => other.Model.Name).Prepend(request.Model.Name));
        var job = new Job
        {
            Project = project.Id, Kind = JobKind.Train, Commands = [], Person = by.Id, Run = name,
            Title = $"{name}: {request.Method.Name} from {models}",
        };
        var heldOut = false;
        return TrainRequest.ReadsPrompts(request.Method)
            ? jobs.Enqueue(job, folder => PromptFile.Write(folder.Input, PromptsOf(store, project)),
                folder => [[request.Method.Name, .. request.All(output, folder.Input, "")]])
            : jobs.Enqueue(job, folder => 
                heldOut = Snapshot.Write(store, project, request.Method, questions, folder.Snapshot, by).HeldOutRows > 0,
                folder => [[
                    request.Method.Name,
                    .. request.All(output, Snapshot.Train(folder.Snapshot), heldOut ? Snapshot.HeldOut(folder.Snapshot) : ""),
                ]]);
    }

    /// <exception cref="InvalidDataException">There are no items.</exception>
    public static IReadOnlyList<JsonNode> PromptsOf(PreferenceStore store, Project project) =>
        PromptFile.OfProject(store, project.Id) is { Count: > 0 } prompts
        ? prompts
        : throw new InvalidDataException("this project has no items, so there are no prompts");

    /// <summary>A new name of letters, digits and dashes that no run and no job has.</summary>
    static string NewName(PreferenceStore store, StudioOptions options, Project project, string method)
    {
        var letters = new string([.. project.Name.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]);
        var word = string.Join('-', letters.Split('-', StringSplitOptions.RemoveEmptyEntries));
        var stem = $"{(word.Length == 0 ? $"project-{project.Id}" : word[..Math.Min(40, word.Length)].TrimEnd('-'))}-{method}";
        return Enumerable.Range(1, int.MaxValue).Select(number => $"{stem}-{number}")
            .First(name => !Path.Exists(Path.Combine(options.Runs, name)) && store.Jobs.OfRun(name) is null);
    }
}
