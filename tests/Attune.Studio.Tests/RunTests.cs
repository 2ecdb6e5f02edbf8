using System.Net;

namespace Attune.Studio.Tests;

/// <summary>Pages of runs, rendered from run folders.</summary>
public sealed class RunTests
{
    const string Hostile = "<script>alert(1)</script>\u202Eevil";

    [Fact]
    public async Task ARunIsShownWithItsCurvesItsLastFiguresAndItsAnswers()
    {
        await using var studio = await RunningStudio.Start();
        Run(studio, "quickstart/5-ppo", steps: 40, learningRate: "3e-4");
        using var owner = new Visitor(studio.Address);
        var list = WebUtility.HtmlDecode(await owner.Page("/runs"));
        Assert.Contains("quickstart/5-ppo", list);
        Assert.Contains("40 of 50", list);
        var page = await owner.Page("/runs/quickstart~5-ppo");
        Assert.Contains(">Score</title>", page);
        Assert.Contains("<desc", page);
        Assert.Contains("""<tr><th scope="row">Score</th><td class="number">4</td>""", page);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;[U&#x2B;202E]evil", page);
        Assert.DoesNotContain(Hostile, page);
        Assert.DoesNotContain("style=", page);
    }

    [Fact]
    public async Task TheCurvesAreGivenAgainOnlyWhereThereIsMoreOfThem()
    {
        await using var studio = await RunningStudio.Start();
        Run(studio, "ppo", steps: 4, learningRate: "3e-4");
        using var owner = new Visitor(studio.Address);
        using var first = await owner.Get("/api/runs/ppo/live?after=");
        var version = first.Headers.GetValues("Attune-Version").Single();
        Assert.Contains($"data-version=\"{version}\"", await first.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NoContent, (await owner.Get($"/api/runs/ppo/live?after={version}")).StatusCode);
        await File.AppendAllTextAsync(Path.Combine(studio.Folder, "runs", "ppo", "metrics.jsonl"),
            """{"step":5,"objective/scores":77}""" + "\n", TestContext.Current.CancellationToken);
        Assert.Contains("77", await owner.Page($"/api/runs/ppo/live?after={version}"));
    }

    [Fact]
    public async Task RunsBesideEachOtherSayWhereTheirRecipesDiffer()
    {
        await using var studio = await RunningStudio.Start();
        Run(studio, "one", steps: 4, learningRate: "3e-4");
        Run(studio, "other", steps: 6, learningRate: "1e-5");
        using var owner = new Visitor(studio.Address);
        var page = await owner.Page("/runs/compare?run=one&run=other&run=..");
        Assert.Contains("Compare 2 runs", page);
        Assert.Contains("""<code>optimizer.learningRate</code></th><td class="break">3e-4</td><td class="break">1e-5</td>""", page);
        Assert.DoesNotContain("<code>training.steps</code>", page);
        var zoomed = await owner.Page("/runs/compare?run=one&run=other&smooth=0.9&log=y&from=2&to=4");
        Assert.Contains("""<option value="0.9" selected>""", zoomed);
        Assert.Contains("""name="from" min="0" step="any" value="2" """.TrimEnd(), zoomed);
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.Get("/runs/compare?run=one&smooth=2")).StatusCode);
    }

    [Fact]
    public async Task ARunIsRunningWhileAProcessHasItsFolderAndFinishedOnceItHasASummary()
    {
        await using var studio = await RunningStudio.Start();
        var path = Run(studio, "ppo", steps: 4, learningRate: "3e-4");
        using var owner = new Visitor(studio.Address);
        Assert.Contains(">stopped</span>", await owner.Page("/runs"));
        using (new FileStream(Path.Combine(path, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Contains(">running</span>", await owner.Page("/runs"));
            Assert.Equal(HttpStatusCode.BadRequest, (await owner.Post("/runs/ppo/resume")).StatusCode);
        }
        await File.WriteAllTextAsync(Path.Combine(path, "summary.json"), "{}", TestContext.Current.CancellationToken);
        Assert.Contains(">finished</span>", await owner.Page("/runs"));
    }

    [Fact]
    public async Task ReportsOfRunsCanDoNothingButBeSeen()
    {
        await using var studio = await RunningStudio.Start();
        var path = Run(studio, "ppo", steps: 1, learningRate: "3e-4");
        await File.WriteAllTextAsync(Path.Combine(path, "report.html"), "<p>report", TestContext.Current.CancellationToken);
        using var owner = new Visitor(studio.Address);
        using var response = await owner.Get("/runs/ppo/report");
        Assert.Equal("<p>report", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith(
            "sandbox allow-scripts; default-src 'none'; script-src 'sha256-",
            response.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task NothingButARunIsReachedByAName()
    {
        await using var studio = await RunningStudio.Start();
        Run(studio, "ppo", steps: 1, learningRate: "3e-4");
        Run(studio, "../outside", steps: 1, learningRate: "3e-4");
        using var owner = new Visitor(studio.Address);
        foreach (var name in new[] { "..~outside", "%2e%2e~outside", "..%2foutside", "%2e%2e%2foutside", "..%5coutside", "%2fetc%2fpasswd",
            "ppo%00", "%00", "ppo~..~..~outside", "ppo~", "PPO", "%252e%252e" })
            foreach (var what in new[] { "/runs/{0}", "/runs/{0}/report", "/api/runs/{0}/live" })
            {
                using var response = await owner.Get(what.Replace("{0}", name));
                Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest,
                    $"{what} with {name} gave {response.StatusCode}");
            }
    }

    [Fact]
    public async Task Runs_FolderThatCannotBeRead_IsLeftOut()
    {
        await using var studio = await RunningStudio.Start();
        Run(studio, "ppo", steps: 1, learningRate: "3e-4");
        var runs = Path.Combine(studio.Folder, "runs");
        using (var shell = System.Diagnostics.Process.Start("sh",
            ["-c", $"cd '{runs}' && mkdir \"$(printf 'bad\\377name')\" pipe && mkfifo pipe/recipe.yaml && ln -s nowhere loop"
                + " && cp -r ppo piped && rm piped/metrics.jsonl && mkfifo piped/metrics.jsonl"]))
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var owner = new Visitor(studio.Address);
        Assert.Contains("href=\"/runs/ppo\"", await owner.Page("/runs").WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("ppo", await owner.Page("/runs/ppo"));
        Assert.DoesNotContain("/runs/piped", await owner.Page("/runs"));
        using var piped = await owner.Get("/runs/piped").WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(HttpStatusCode.NotFound, piped.StatusCode);
        using var remove = System.Diagnostics.Process.Start("rm", ["-r", runs]);     // .NET cannot remove such a name
        await remove.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Runs_NamesWithTildes_HaveDifferentAddresses()
    {
        await using var studio = await RunningStudio.Start();
        foreach (var name in new[] { "a/b", "a~b", "a%7Eb" })
            Run(studio, name, steps: 1, learningRate: "3e-4");
        using var owner = new Visitor(studio.Address);
        Assert.Contains("<title>a/b ", await owner.Page("/runs/a~b"));
        Assert.Contains("<title>a~b ", await owner.Page($"/runs/{Uri.EscapeDataString("a%7Eb")}"));
        Assert.Contains("<title>a%7Eb ", await owner.Page($"/runs/{Uri.EscapeDataString("a%257Eb")}"));
    }

    static string Run(RunningStudio studio, string name, int steps, string learningRate)
    {
        var folder = Directory.CreateDirectory(Path.Combine(studio.Folder, "runs", name)).FullName;
        File.WriteAllText(Path.Combine(folder, "recipe.yaml"),
            $"method: ppo\ntraining:\n  steps: 50\noptimizer:\n  learningRate: {learningRate}\nrewards:\n- kind: length\n  weight: 1\n");
        File.WriteAllLines(Path.Combine(folder, "metrics.jsonl"),
            Enumerable.Range(1, steps).Select(step => $$"""{"step":{{step}},"objective/scores":{{step / 10}},"objective/kl":0.5}"""));
        File.WriteAllText(Path.Combine(folder, "samples.jsonl"),
            $$"""{"step":{{steps}},"prompt":"p","completion":"{{Hostile}}","score":1.5,"kl":0.25}""" + "\n");
        return folder;
    }
}
