using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Testing;
using Microsoft.Data.Sqlite;

namespace Attune.Benchmarks;

/// <summary>
/// The first view of a large project's statistics and of the export's preview: each page is the first one that a new server shows.
/// </summary>
static class StudioFigures
{
    const int People = 200;
    const int Items = 100_000;
    const int Decisions = 220_000;
    const int Models = 5;

    static readonly string[] Pages = ["agreement", "people", "leaderboard", "leaderboard?length=equal", "export"];

    public static async Task Measure(string attune, TextWriter output)
    {
        using var folder = new TemporaryFolder();
        var (project, link) = Prepare(folder.File("studio.db"));
        output.WriteLine($"a project of {Items:N0} items and {Decisions:N0} annotations by {People} people; the first view of");
        foreach (var page in Pages)
        {
            using var studio = new StudioProcess(attune, folder.Path);
            studio.Start();
            using var owner = new Visitor(studio.Address);
            (await owner.Post("/join", ("token", link))).EnsureSuccessStatusCode();
            var start = Stopwatch.GetTimestamp();
            var text = await owner.Page($"/projects/{project}/{page}");
            output.WriteLine($"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s: {page} ({text.Length / 1024:N0} KiB)");
        }
    }

    static (long Project, string Link) Prepare(string path)
    {
        using var store = PreferenceStore.Open(path);
        var owner = store.People.Add("Olga", Role.Owner);
        var project = store.Projects.Add("decided", new() { Overlap = 2 }, owner.Id);
        var random = new Random(1);
        store.Items.Add(project.Id, Enumerable.Range(0, Items).Select(i => new Item
        {
            Prompt = JsonValue.Create($"prompt {i} " + new string('x', 200)),
            Answers = [Response(random, i % Models), Response(random, (i + 1 + i / Models % (Models - 1)) % Models)],
        }).ToList(), owner.Id);
        var people = Enumerable.Range(0, People).Select(i => store.People.Add($"person {i}", Role.Annotator).Id).ToList();
        var first = store.Items.Page(project.Id, 0, 1)[0].Id;
        Decide(path, project.Id, first, people, random);
        return (project.Id, store.People.NewLink(owner.Id));
    }

    static ItemResponse Response(Random random, int model) =>
        new(JsonValue.Create(new string('y', random.Next(100, 700))), $"model {model}");

    /// <summary>
    /// Inserts annotations without leases: two for each item, then third ones. The response of the model with the smaller number wins with
    /// probability 0.65.
    /// </summary>
    static void Decide(string path, long project, long first, List<long> people, Random random)
    {
        using var connection = new SqliteConnection($"Data Source={path}");
        connection.Open();
        using var transaction = connection.BeginTransaction();
        using var insert = connection.CreateCommand();
        insert.CommandText = """
            INSERT INTO decision (project_id, item_id, person_id, adjudicates, token, outcome, ranks, shown, seconds, decided_at)
            VALUES (@project, @item, @person, 0, @token, 'Ranked', @ranks, @shown, @seconds, @at)
            """;
        insert.Parameters.AddWithValue("@project", project);
        foreach (var name in new[] { "@item", "@person", "@token", "@ranks", "@shown", "@seconds", "@at" })
            insert.Parameters.Add(new(name, null));
        for (var i = 0; i < Decisions; i++)
        {
            var (item, round) = (i % Items, i / Items);
            var firstIsBetter = item % Models < (item + 1 + item / Models % (Models - 1)) % Models;
            object[] values = [first + item, people[(item * 7 + item / People + round * (1 + item % 97)) % People], $"token {i}",
                random.NextDouble() < 0.65 == firstIsBetter ? "[0,1]" : "[1,0]", random.Next(2) == 0 ? "[0,1]" : "[1,0]",
                5 + 20 * random.NextDouble(), 1_767_225_600_000 + 5_000L * i];
            for (var v = 0; v < values.Length; v++)
                insert.Parameters[1 + v].Value = values[v];
            insert.ExecuteNonQuery();
        }
        transaction.Commit();
    }
}
