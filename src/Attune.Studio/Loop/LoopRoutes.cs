using System.Text.Json.Nodes;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Store;
using Attune.Store.Export;
using Attune.Studio.Export;
using Attune.Studio.Items;
using Attune.Studio.Jobs;
using Attune.Studio.Runs;
using Attune.Studio.Security;
using Attune.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Loop;

/// <summary>The feedback loop of a project: sample, score, compare, train, and sample again.</summary>
static class LoopRoutes
{
    const long LargestUpload = 32 << 20;

    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/loop", (HttpContext context, PreferenceStore store, long project) =>
            store.Projects.Find(project) is { } found
                ? new RazorComponentResult<LoopPage>(new { Project = found, Model = context.Request.Query["model"].FirstOrDefault() })
                : Results.NotFound()).Require(Role.Owner);
        app.MapPost("/projects/{project:long}/loop/sample", Sample).Require(Role.Owner)
            .WithMetadata(new RequestSizeLimitAttribute(LargestUpload));
        app.MapPost("/projects/{project:long}/loop/score", Score).Require(Role.Owner);
        app.MapGet("/projects/{project:long}/loop/train", Show).Require(Role.Owner);
        app.MapPost("/projects/{project:long}/loop/train", Train).Require(Role.Owner);
    }

    static async Task<IResult> Sample(HttpContext context, PreferenceStore store, StudioOptions options, JobStart jobs, RunList runs,
        long project)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var fields = new Fields(form);
        var all = form.Files.GetFile("file") is { Length: > 0 } file
            ? await Uploaded(file, options, context.RequestAborted)
            : Prompts(fields, store, runs, project);
        var prompts = PromptFile.Draw(all, fields.Count("prompts", 1, 100_000));
        var request = new SampleRequest(
            new ModelChoices(runs).Chosen(fields, "model"), prompts, fields.Count("samples", 1, 16), fields.Number("temperature", 0, 10),
            fields.Number("topP", 0.01, 1),
            fields.Count("maxNewTokens", 1, 8192));
        return Started(project, SampleJob.Enqueue(jobs, store.Projects.Get(project), request, context.Person()));
    }

    static async Task<IReadOnlyList<JsonNode>> Uploaded(IFormFile file, StudioOptions options, CancellationToken cancellation)
    {
        await using var content = file.OpenReadStream();
        using var upload = await Upload.Save(content, file.FileName, options.Exports, cancellation);
        return upload.Read(path => Store.Import.Prompts.Read(path, Upload.LargestContent));
    }

    /// <summary>Prompts from the project's items, or from the data of a run.</summary>
    static IReadOnlyList<JsonNode> Prompts(Fields fields, PreferenceStore store, RunList runs, long project)
    {
        if (fields.Text("of") is not { Length: > 0 } run)
            return PromptFile.OfProject(store, project) is { Count: > 0 } prompts ? prompts
                : throw new InvalidDataException("choose a file of prompts: the project has no items yet");
        if (runs.Find(run) is not { } found || RecipeText.Read(found.Folder).GetValueOrDefault("data.train") is not { } path
            || !Path.Exists(path))
            throw new InvalidDataException("the training data of that run no longer exists; choose other prompts");
        return Store.Import.Prompts.Read(path);
    }

    static async Task<IResult> Score(HttpContext context, PreferenceStore store, JobStart jobs, RunList runs, long project)
    {
        var fields = await Fields.ReadAsync(context);
        return Started(project, ScoreJob.Enqueue(jobs, store, store.Projects.Get(project),
            new ModelChoices(runs).Chosen(fields, "rewardModel"), context.Person()));
    }

    /// <summary>Shows the recipe before anything starts.</summary>
    static RazorComponentResult<TrainPage> Show(
        HttpContext context, PreferenceStore store, StudioOptions options, RunList runs, long project)
    {
        var request = TrainRequest.Read(new Fields(context.Request.Query), new ModelChoices(runs), options);
        var found = store.Projects.Get(project);
        var file = TrainRequest.ReadsPrompts(request.Method) ? "(the prompts of this project)" : "(a snapshot of the decisions until now)";
        return new(new
        {
            Project = found,
            Method = request.Method,
            Data = Describe(store, found, request.Method,
                QuestionWeightFields.Read(found.Settings, name => context.Request.Query[name])),
            Recipe = request.Recipe(options, request.All("(a new run folder)", file, "")),
            Fields = context.Request.Query.SelectMany(field => field.Value.OfType<string>().Select(value => (field.Key, value))).ToArray(),
        });
    }

    /// <exception cref="InvalidDataException">There are no data for the method.</exception>
    static string Describe(
        PreferenceStore store, Project project, MethodDescription method, IReadOnlyList<QuestionWeight> questions)
    {
        if (TrainRequest.ReadsPrompts(method))
            return $"the {Quantity.Of(TrainJob.PromptsOf(store, project).Count, "prompt")} of this project";
        var counts = Snapshot.Preview(store, project, method, questions);
        return $"{Quantity.Of(counts.TrainRows, "row")} of {Quantity.Of(counts.TrainPrompts, "prompt")} from the decisions until now, and "
            + $"{Quantity.Of(counts.HeldOutRows, "row")} of {Quantity.Of(counts.HeldOutPrompts, "prompt")} held out"
            + (questions.Count == 0 ? ""
                : $"; questions: {string.Join(", ", questions.Select(question => $"{question.Key} (weight {question.Weight})"))}");
    }

    static async Task<IResult> Train(HttpContext context, PreferenceStore store, StudioOptions options, JobStart jobs, RunList runs,
        long project)
    {
        var fields = await Fields.ReadAsync(context);
        var request = TrainRequest.Read(fields, new ModelChoices(runs), options);
        var found = store.Projects.Get(project);
        var questions = QuestionWeightFields.Read(found.Settings, fields.Text);
        return Started(project, TrainJob.Enqueue(jobs, store, options, found, request, questions, context.Person()));
    }

    static IResult Started(long project, Job job) => Results.LocalRedirect($"/projects/{project}/jobs/{job.Id}");
}
