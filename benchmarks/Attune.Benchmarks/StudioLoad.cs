using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Testing;

namespace Attune.Benchmarks;

/// <summary>Response times of a studio: of the store alone, then of a server in another process with 200 annotators at once.</summary>
static class StudioLoad
{
    const int People = 200;
    const int Items = 100_000;
    const int Decisions = 20_000;
    static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public static async Task Measure(string attune, TextWriter output)
    {
        using var folder = new TemporaryFolder();
        var (project, links) = Prepare(folder.File("studio.db"), output);
        using var studio = new StudioProcess(attune, folder.Path);
        var start = Stopwatch.GetTimestamp();
        studio.Start();
        output.WriteLine($"the server responds after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        var people = links.ConvertAll(_ => new Visitor(studio.Address));
        await Task.WhenAll(people.Zip(links, async (person, link) =>
            (await person.Post("/join", ("token", link))).EnsureSuccessStatusCode()));
        await Load("warming up", studio, people, project, TimeSpan.Zero, output);
        await Load("without pauses", studio, people, project, TimeSpan.Zero, output);
        await Load("with pauses of 2 s", studio, people, project, TimeSpan.FromSeconds(2), output);
        people.ForEach(person => person.Dispose());
    }

    /// <summary>Creates a project with overlap 2 and tens of thousands of annotations.</summary>
    static (long Project, List<string> Links) Prepare(string path, TextWriter output)
    {
        using var store = PreferenceStore.Open(path);
        var owner = store.People.Add("Olga", Role.Owner);
        var project = store.Projects.Add("large", new() { Overlap = 2, CheckEvery = 20 }, owner.Id);
        var items = Enumerable.Range(0, Items).Select(i => new Item
        {
            Prompt = JsonValue.Create($"prompt {i} " + new string('x', 200)),
            Answers = [new(JsonValue.Create(new string('y', 400))), new(JsonValue.Create(new string('z', 400)))],
        }).ToList();
        output.WriteLine($"{Seconds(() => store.Items.Add(project.Id, items, owner.Id)):0.0} s to import {Items:N0} items");
        var people = Enumerable.Range(0, People).AsParallel().WithDegreeOfParallelism(32)
            .Select(i => store.People.Add($"person {i}", Role.Annotator).Id).ToList();
        store.Projects.SetMembers(project.Id, people, owner.Id);

        var taken = 0;
        var seconds = Seconds(() => Parallel.ForEach(people, new ParallelOptions { MaxDegreeOfParallelism = 64 }, person =>
        {
            while (Interlocked.Increment(ref taken) <= Decisions)
                Decide(store, project, person);
        }));
        output.WriteLine($"{Decisions / seconds:0} annotations a second, 64 at once");
        foreach (var person in people)
            store.Queue.Next(project, person, 2);
        Report("Next, new items", 500, i => store.Queue.Next(project, people[i % People], 3 + (i / People)));
        Report("Next, a page loaded again", 500, i => store.Queue.Next(project, people[i % People], 2));
        Report("Submit", 100, i => Decide(store, project, people[i % People]));
        Report("Progress", 500, _ => store.Projects.Progress(project.Id));
        Report("CountOf", 500, i => store.Annotations.CountOf(project.Id, people[i % People]));
        Report("a page of 50 items", 100, i => store.Items.Page(project.Id, i * 900, 50));
        Report("the list of projects", 500, _ => store.Projects.All());
        return (project.Id, people.AsParallel().WithDegreeOfParallelism(32).Select(id => store.People.NewLink(id)).ToList());

        void Report(string what, int times, Action<int> work) =>
            output.WriteLine($"{Times([.. Enumerable.Range(0, times).Select(i => 1000 * Seconds(() => work(i)))])}: {what}");
    }

    static void Decide(PreferenceStore store, Project project, long person)
    {
        if (store.Queue.Next(project, person, 1).Items is [var showing, ..])
            store.Annotations.Submit(project, person, new(showing.Token, new() { Ranks = [0, 1] }, 1));
    }

    static async Task Load(string what, StudioProcess studio, List<Visitor> people, long project, TimeSpan pause, TextWriter output)
    {
        var (next, submit) = (new ConcurrentBag<double>(), new ConcurrentBag<double>());
        var (client, server) = (Environment.CpuUsage.TotalTime, studio.ProcessorTime);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(people.Select(async (person, i) =>
        {
            var random = new Random(i);
            await Task.Delay(pause * random.NextDouble());
            while (Stopwatch.GetElapsedTime(start) < Duration)
            {
                var turn = await Call(next, person, $"/api/projects/{project}/next", new { count = 2 });
                var token = (string)turn["items"]![0]!["token"]!;
                await Task.Delay(pause * (0.5 + random.NextDouble()));
                var body = new { token, verdict = new { outcome = "Ranked", ranks = new[] { 0, 1 } }, seconds = 1 };
                await Call(submit, person, $"/api/projects/{project}/decisions", body);
            }
        }));
        var count = next.Count + submit.Count;
        output.WriteLine($"{People} people {what}: {count / Stopwatch.GetElapsedTime(start).TotalSeconds:0} requests a second; "
            + $"a request takes {(studio.ProcessorTime - server).TotalMilliseconds / count:0.00} ms of processor time in the server, "
            + $"{(Environment.CpuUsage.TotalTime - client).TotalMilliseconds / count:0.00} ms in the client");
        output.WriteLine($"{Times(next)}: next item");
        output.WriteLine($"{Times(submit)}: annotation");
    }

    static async Task<JsonNode> Call(ConcurrentBag<double> times, Visitor person, string path, object body)
    {
        var start = Stopwatch.GetTimestamp();
        using var response = await person.Send(HttpMethod.Post, path, JsonContent.Create(body));
        var text = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return JsonNode.Parse(text)!;
    }

    static string Times(IReadOnlyCollection<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToList();
        double[] shares = [0.5, 0.95, 0.99];
        return string.Join(' ', shares.Select(share => $"p{100 * share:0} {sorted[(int)(share * (sorted.Count - 1))],6:0.00}")) + " ms";
    }

    static double Seconds(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
