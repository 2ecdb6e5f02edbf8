using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Store;
using Attune.Studio.Jobs;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Runs;

/// <summary>Pages of runs with their curves, a comparison of runs, and buttons to stop and resume them.</summary>
static class RunRoutes
{
    /// <summary>A report contains text of models: it may load nothing, and runs only the script that zooms charts.</summary>
    static readonly string ReportPolicy = $"sandbox allow-scripts; {HtmlReport.ContentSecurityPolicy}";

    public static void Map(WebApplication app)
    {
        app.MapGet("/runs", () => new RazorComponentResult<RunsPage>()).Require(Role.Owner);
        app.MapGet(
            "/runs/compare", (RunList runs, string[] run, string? smooth, string? log, string? from, string? to) =>
                Compare(runs, run, ChartView.Parse(smooth, log, from, to))).Require(Role.Owner);
        app.MapGet("/runs/{run}", (RunList runs, string run, int? look, int page = 1) =>
            runs.Find(run) is { } found ? new RazorComponentResult<RunPage>(new { Run = found, Look = look, PageNumber = page })
                : Results.NotFound()).Require(Role.Owner);
        app.MapGet("/runs/{run}/report", Report).Require(Role.Owner);
        app.MapPost("/runs/{run}/stop", Stop).Require(Role.Owner);
        app.MapPost("/runs/{run}/resume", Resume).Require(Role.Owner);
        app.MapGet("/api/runs/{run}/live", Live).Require(Role.Owner);
    }

    static IResult Compare(RunList runs, string[] keys, ChartView view)
    {
        var all = runs.All().ToDictionary(run => run.Key, StringComparer.Ordinal);
        RunEntry[] found = [.. keys.Distinct(StringComparer.Ordinal).Select(key => all.GetValueOrDefault(key)).OfType<RunEntry>()];
        return found.Length > 0
            ? new RazorComponentResult<ComparePage>(new { Runs = found, View = view })
            : Results.LocalRedirect("/runs");
    }

    /// <summary>The changing part of the page, or 204 when nothing changed.</summary>
    static IResult Live(HttpContext context, RunList runs, PreferenceStore store, string run, string? after)
    {
        if (runs.Find(run) is not { } found)
            return Results.NotFound();
        var version = $"{RunRecords.VersionOf(found.Folder)}-{RunStatus.FromRun(found, store).State}";
        context.Response.Headers["Attune-Version"] = version;
        return version == after ? Results.NoContent() : new RazorComponentResult<RunDetails>(new { Run = found });
    }

    static IResult Report(HttpContext context, RunList runs, string run)
    {
        if (runs.Find(run) is not { } found || !File.Exists(found.Folder.Report))
            return Results.NotFound();
        context.Response.Headers.ContentSecurityPolicy = ReportPolicy;
        return Results.File(found.Folder.Report, "text/html; charset=utf-8");
    }

    static IResult Stop(HttpContext context, RunList runs, PreferenceStore store, string run)
    {
        if (runs.Find(run) is not { } found)
            return Results.NotFound();
        if (store.Jobs.OfRun(found.Name) is not { FinishedAt: null } job)
            throw new InvalidDataException(
                "this run has ended, or was started outside of the studio; to stop it, press Ctrl-C in its terminal, or run `kill` with "
                + "its process id");
        store.Jobs.Stop(job.Id, context.Person().Id);
        return Results.LocalRedirect(found.Address);
    }

    static IResult Resume(HttpContext context, RunList runs, PreferenceStore store, JobStart jobs, string run)
    {
        if (runs.Find(run) is not { } found)
            return Results.NotFound();
        var status = RunStatus.FromRun(found, store);
        if (status.IsOpen || status.State == RunState.Finished)
            throw new InvalidDataException(
                $"only a stopped or failed run can be resumed (this one is {status.State.ToString().ToLowerInvariant()})");
        var job = new Job
        {
            Project = status.Job?.Project, Kind = JobKind.Train, Title = $"Resume {found.Name}", Commands = [], Run = found.Name,
            Person = context.Person().Id,
        };
        jobs.Enqueue(job, _ => { }, _ => [["train", found.Folder.Path]]);
        return Results.LocalRedirect(found.Address);
    }
}
