using System.Globalization;
using Attune.Store;
using Attune.Studio.Loop;
using Attune.Studio.Runs;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Dialogues;

/// <summary>Conversations with the models of a project. Every page is a form, so it works without scripts.</summary>
static class DialogueRoutes
{
    const string List = "/projects/{project:long}/dialogues";
    const string One = $"{List}/{{dialogue:long}}";
    const string Turn = $"{One}/turns/{{turn:long}}";

    public static void Map(WebApplication app)
    {
        app.MapGet(List, (long project) => Projects.ProjectRoutes.ProjectPage<DialoguesPage>(project)).Require(Role.Annotator);
        app.MapPost(List, Start).Require(Role.Annotator);
        app.MapGet(One, Show).Require(Role.Annotator);
        app.MapPost($"{Turn}/continue", Continue).Require(Role.Annotator);
        app.MapPost($"{Turn}/choice", Choose).Require(Role.Annotator);
        app.MapPost($"{Turn}/retry", Retry).Require(Role.Annotator);
        app.MapGet($"{Turn}/state", State).Require(Role.Annotator);
        app.MapGet("/projects/{project:long}/models", (long project) => Projects.ProjectRoutes.ProjectPage<ModelsPage>(project))
            .Require(Role.Owner);
        app.MapPost("/projects/{project:long}/models", SetModels).Require(Role.Owner);
    }

    public static string Address(long project, long dialogue, long? turn = null) =>
        string.Create(CultureInfo.InvariantCulture, $"/projects/{project}/dialogues/{dialogue}{(turn is null ? "" : $"?turn={turn}")}");

    static async Task<IResult> Start(HttpContext context, PreferenceStore store, DialogueResponder responder, long project)
    {
        var fields = await Fields.ReadAsync(context);
        if (context.Project().Settings is not { Task: TaskKind.Dialogue, Dialogue.Models.Count: > 0 })
            throw new InvalidDataException("nobody can converse in this project yet: an owner must choose the models first");
        var turn = store.Dialogues.Start(context.Project(), context.Person().Id, fields.Text("message"), fields.Text("token"));
        responder.Ask(store.Dialogues.Find(project, turn.Dialogue)!, turn);
        return Results.LocalRedirect(Address(project, turn.Dialogue, turn.Id));
    }

    /// <summary>The conversation up to a turn; up to the newest one when left out.</summary>
    static IResult Show(HttpContext context, PreferenceStore store, DialogueResponder responder, long project, long dialogue, long? turn)
    {
        if (Found(context, store, project, dialogue) is not { } found)
            return Results.NotFound();
        var turns = store.Dialogues.Turns(dialogue);
        if (turns.LastOrDefault(each => turn is null || each.Id == turn) is not { } shown)
            return Results.NotFound();
        responder.Ask(found, shown);
        return new RazorComponentResult<DialoguePage>(new { Project = context.Project(), Dialogue = found, Turns = turns, Turn = shown });
    }

    static async Task<IResult> Continue(
        HttpContext context, PreferenceStore store, DialogueResponder responder, long project, long dialogue, long turn)
    {
        if (Found(context, store, project, dialogue, turn) is not { } found)
            return Results.NotFound();
        var fields = await Fields.ReadAsync(context);
        int? from = fields.Text("from") switch { "a" => 0, "b" => 1, _ => null };
        var next = store.Dialogues.Continue(context.Project(), context.Person().Id, dialogue, turn, from, fields.Text("message"),
            fields.Text("token"));
        responder.Ask(found, next);
        return Results.LocalRedirect(Address(project, dialogue, next.Id));
    }

    static async Task<IResult> Choose(HttpContext context, PreferenceStore store, long project, long dialogue, long turn)
    {
        if (Found(context, store, project, dialogue, turn) is null)
            return Results.NotFound();
        var fields = await Fields.ReadAsync(context);
        var settings = context.Project().Settings;
        var choice = DialogueChoice.For(settings).FirstOrDefault(choice => choice.Value == fields.Text("choice"))
            ?? throw new InvalidDataException("choose one of the answers");
        store.Dialogues.Choose(context.Project(), context.Person().Id, dialogue, turn,
            choice.Result with { Ideal = fields.Text("own") is { Length: > 0 } own ? own : null },
            fields.NumberOrNull("seconds", 0, 1e6));
        return Results.LocalRedirect(Address(project, dialogue, turn));
    }

    static IResult Retry(HttpContext context, PreferenceStore store, DialogueResponder responder, long project, long dialogue, long turn)
    {
        if (Found(context, store, project, dialogue, turn) is not { } found)
            return Results.NotFound();
        store.Dialogues.Retry(turn);
        responder.Ask(found, store.Dialogues.Turns(dialogue).First(each => each.Id == turn));
        return Results.LocalRedirect(Address(project, dialogue, turn));
    }

    /// <summary>For the script of the page, which asks until there are responses.</summary>
    static IResult State(HttpContext context, PreferenceStore store, DialogueResponder responder, long project, long dialogue, long turn)
    {
        if (Found(context, store, project, dialogue, turn) is not { } found)
            return Results.NotFound();
        var asked = store.Dialogues.Turns(dialogue).First(each => each.Id == turn);
        responder.Ask(found, asked);
        return Results.Ok(new { asked.State, Before = responder.Before(turn) });
    }

    /// <summary>A conversation that the person may see: reviewers and owners see all of a project, annotators their own.</summary>
    static Dialogue? Found(HttpContext context, PreferenceStore store, long project, long dialogue, long? turn = null) =>
        store.Dialogues.Find(project, dialogue) is { } found
        && (found.Person == context.Person().Id || context.Person().Role != Role.Annotator)
        && (turn is null || store.Dialogues.Turns(dialogue).Any(each => each.Id == turn))
            ? found : null;

    static async Task<IResult> SetModels(HttpContext context, PreferenceStore store, RunList runs, long project)
    {
        var (fields, found) = (await Fields.ReadAsync(context), context.Project());
        var choices = new ModelChoices(runs);
        var settings = new DialogueSettings
        {
            Models = [.. choices.Chosen(fields, "model").Select(model => new DialogueModel(model.Name, model.Path))],
            Goal = EnumName<DialogueGoal>.ParseOr(DialogueGoal.Helpful, fields.Text("goal")),
            SystemPrompt = fields.Text("system"),
            ChatTemplate = fields.Raw("template"),
            MostTurns = fields.Count("turns", 1, 100),
            Temperature = fields.Number("temperature", 0, 10),
            MaxTokens = fields.Count("maxTokens", 1, 8192),
        };
        store.Projects.Change(project, found.Name, found.Settings with { Dialogue = settings }, context.Person().Id,
            fields.Count("revision", 0, int.MaxValue));
        return Results.LocalRedirect($"/projects/{project}/dialogues");
    }
}
