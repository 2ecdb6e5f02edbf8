using System.Diagnostics;
using System.Net;
using Attune.Store;
using Attune.Studio.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Tests;

/// <summary>Jobs of the studio, with a shell script instead of Attune.</summary>
public sealed class JobTests : IDisposable
{
    const string Script = """
        case $1 in
          wait) echo started; while [ ! -e "$2" ]; do sleep 0.05; done; echo done ;;
          fail) echo working; echo "attune: the data is wrong" >&2; exit 2 ;;
          gentle) trap '' INT; trap 'echo saved; exit 130' TERM; echo started; while :; do sleep 0.05; done ;;
          deaf) trap '' INT TERM; echo started; while :; do sleep 0.05; done ;;
          say) printf '%s' "$2" >"$3" ;;
        esac
        """;

    readonly TemporaryFolder folder = new();

    [Fact]
    public async Task WhatAProgramSaysLastIsShownWhereItFailsAndTheServerGoesOn()
    {
        await using var studio = await Start();
        var project = studio.Project("hotel", new(), 1);
        var job = await Ended(studio, Ask(studio, ["fail"], project.Id));
        Assert.Equal((JobState.Failed, 2, "the data is wrong"), (job.State, job.ExitCode, job.Outcome));
        using var owner = new Visitor(studio.Address);
        var page = WebUtility.HtmlDecode(await owner.Page($"/projects/{project.Id}/jobs/{job.Id}"));
        Assert.Contains("working\nattune: the data is wrong", page);
        Assert.Contains("the data is wrong", await owner.Page($"/projects/{project.Id}/loop"));
    }

    [Fact]
    public async Task AProgramThatIsKilledWithItsShellIsFoundToBeGone()
    {
        await using var studio = await Start();
        var job = Ask(studio, ["wait", folder.File("never")]);
        await Says(studio, job, "started");
        await Until(() => File.Exists(Path.Combine(FolderOf(studio, job.Id), "process-0", "alive")));
        Signal("KILL", ProcessOf(studio, job));
        var ended = await Ended(studio, job);
        Assert.Equal((JobState.Failed, null), (ended.State, ended.ExitCode));
        Assert.Contains("killed", ended.Outcome);
    }

    [Fact]
    public async Task AProgramGoesOnWhileTheStudioIsAwayAndItsEndIsKnownAfterwards()
    {
        await using var studio = await Start();
        var job = Ask(studio, ["wait", folder.File("go")]);
        await Says(studio, job, "started");
        await studio.Stop();
        await studio.StartAgain(port: 0);
        await Task.Delay(1000);
        Assert.Equal(JobState.Running, studio.Store.Jobs.Find(job.Id)!.State);
        await studio.Stop();
        folder.Write("go", "");
        await Until(() => File.Exists(Path.Combine(FolderOf(studio, job.Id), "process-0", "ended")));
        await studio.StartAgain(port: 0);
        var ended = await Ended(studio, job);
        Assert.Equal((JobState.Done, 0), (ended.State, ended.ExitCode));
    }

    [Fact]
    public async Task Stop_ProgramThatInheritedIgnoredInterrupts_SavesItsState()
    {
        await using var studio = await Start();
        var job = Ask(studio, ["gentle"]);
        await Says(studio, job, "started");
        studio.Store.Jobs.Stop(job.Id, job.Person);
        var ended = await Ended(studio, job);
        Assert.Equal((JobState.Stopped, 130), (ended.State, ended.ExitCode));
        await Says(studio, job, "saved");
    }

    [Fact]
    public async Task AProgramThatDoesNotListenIsKilledByASecondStop()
    {
        await using var studio = await Start();
        var job = Ask(studio, ["deaf"]);
        await Says(studio, job, "started");
        studio.Store.Jobs.Stop(job.Id, job.Person);
        await Task.Delay(1000);
        Assert.Equal(JobState.Stopping, studio.Store.Jobs.Find(job.Id)!.State);
        studio.Store.Jobs.Stop(job.Id, job.Person);
        Assert.Equal(JobState.Stopped, (await Ended(studio, job)).State);
        Assert.False(Path.Exists($"/proc/{ProcessOf(studio, job)}/exe")
            && File.ReadAllText($"/proc/{ProcessOf(studio, job)}/cmdline").Contains("deaf"));
    }

    [Fact]
    public async Task JobsRunOneAtATimeAndOneThatWaitsCanBeTakenBack()
    {
        await using var studio = await Start();
        var first = Ask(studio, ["wait", folder.File("go")]);
        var second = Ask(studio, ["say", "second", folder.File("said")]);
        var third = Ask(studio, ["say", "third", folder.File("said")]);
        await Says(studio, first, "started");
        studio.Store.Jobs.Stop(third.Id, third.Person);
        Assert.Equal([JobState.Running, JobState.Waiting, JobState.Stopped],
            new[] { first, second, third }.Select(job => studio.Store.Jobs.Find(job.Id)!.State));
        folder.Write("go", "");
        await Ended(studio, second);
        Assert.Equal("second", File.ReadAllText(folder.File("said")));
    }

    [Fact]
    public async Task Jobs_TwoStudiosOfOneFolder_OneRunsThemAndTheOtherTakesOver()
    {
        await using var studio = await Start();
        await using var second = await studio.StartSecond();
        var store = second.Services.GetRequiredService<PreferenceStore>();
        var first = Ask(studio, ["wait", folder.File("go")]);
        await Says(studio, first, "started");
        folder.Write("go", "");
        await Ended(studio, first);
        await studio.Stop();
        var next = store.Jobs.Add(new() { Kind = JobKind.Train, Title = "say", Commands = [], Person = store.People.Local().Id }, id =>
        {
            Directory.CreateDirectory(FolderOf(studio, id));
            return [["say", "taken over", folder.File("said")]];
        });
        await Until(() => store.Jobs.Find(next.Id)!.FinishedAt is not null);
        Assert.Equal("taken over", File.ReadAllText(folder.File("said")));
        await studio.StartAgain(port: 0);
    }

    [Fact]
    public void State_ProcessOfAnotherMachine_IsKnownFromItsFiles()
    {
        var process = new DetachedProcess(folder.File("process"), folder.File("log.txt"));
        folder.Write("process/machine", "another\n");
        folder.Write("process/began", File.ReadAllText($"/proc/{Environment.ProcessId}/stat"));     // an id that is used here too
        folder.Write("process/alive", "");
        Assert.Equal(ChildState.Running, process.State);
        File.SetLastWriteTimeUtc(folder.File("process/alive"), DateTime.UtcNow.AddMinutes(-10));
        Assert.Equal(ChildState.Ended, process.State);
    }

    [Fact]
    public async Task Job_OfAStudioWithAnotherFolder_FailsAndSaysWhy()
    {
        await using var studio = await Start();
        var job = await Ended(studio, studio.Store.Jobs.Add(
            new() { Kind = JobKind.Train, Title = "say", Commands = [], Person = studio.Store.People.Local().Id }, _ => [["say", "", ""]]));
        Assert.Contains("--folder", job.Outcome);
    }

    [Fact]
    public async Task NoWordIsReadAsPartOfAScript()
    {
        await using var studio = await Start();
        var word = "'; touch " + folder.File("hacked") + "; $(touch " + folder.File("hacked") + ") \"\n*";
        await Ended(studio, Ask(studio, ["say", word, folder.File("said")]));
        Assert.Equal(word, File.ReadAllText(folder.File("said")));
        Assert.False(File.Exists(folder.File("hacked")));
    }

    [Fact]
    public async Task AProgramThatIsNotThereIsAFailedJob()
    {
        await using var studio = await RunningStudio.Start([folder.File("no-such-program")]);
        var job = await Ended(studio, Ask(studio, ["train"]));
        Assert.Equal(JobState.Failed, job.State);
        Assert.Contains("no-such-program", job.Outcome);
    }

    [Fact]
    public async Task AJobOfAnotherProjectIsNotThere()
    {
        await using var studio = await Start();
        var (mine, other) = (studio.Project("mine", new(), 1), studio.Project("other", new(), 1));
        var job = Ask(studio, ["say", "", folder.File("said")], mine.Id);
        using var owner = new Visitor(studio.Address);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.Get($"/projects/{other.Id}/jobs/{job.Id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.Post($"/projects/{other.Id}/jobs/{job.Id}/stop")).StatusCode);
    }

    Task<RunningStudio> Start() => RunningStudio.Start(["sh", folder.Write("attune.sh", Script)]);

    static Job Ask(RunningStudio studio, IReadOnlyList<string> words, long? project = null)
    {
        var owner = studio.Store.People.Local();
        return studio.Store.Jobs.Add(new() { Project = project, Kind = JobKind.Train, Title = words[0], Commands = [], Person = owner.Id },
            id =>
        {
            Directory.CreateDirectory(FolderOf(studio, id));
            return [words];
        });
    }

    static async Task<Job> Ended(RunningStudio studio, Job job)
    {
        await Until(() => studio.Store.Jobs.Find(job.Id)!.FinishedAt is not null);
        return studio.Store.Jobs.Find(job.Id)!;
    }

    static Task Says(RunningStudio studio, Job job, string line) =>
        Until(() => File.Exists(Path.Combine(FolderOf(studio, job.Id), "log.txt"))
            && File.ReadAllLines(Path.Combine(FolderOf(studio, job.Id), "log.txt")).Contains(line));

    static int ProcessOf(RunningStudio studio, Job job) =>
        int.Parse(File.ReadAllText(Path.Combine(FolderOf(studio, job.Id), "process-0", "began")).Split(' ')[0]);

    static string FolderOf(RunningStudio studio, long job) => Path.Combine(studio.Folder, "studio", "jobs", $"{job}");

    static void Signal(string name, int group)
    {
        using var kill = Process.Start("sh", ["-c", $"kill -{name} -{group}"]);
        kill.WaitForExit();
    }

    internal static async Task Until(Func<bool> holds)
    {
        for (var waited = Stopwatch.StartNew(); !holds(); await Task.Delay(50))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "it did not happen within a minute");
    }

    public void Dispose() => folder.Dispose();
}
