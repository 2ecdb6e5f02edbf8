using System.Collections.Concurrent;
using System.Data.Common;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Attune.Store;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Attune.Studio.Tests;

/// <summary>
/// Fifty people decide as fast as they can while the server is killed twenty times. The environment variables ATTUNE_ATTACK_PEOPLE and
/// ATTUNE_ATTACK_KILLS change these numbers (see tests/attack).
/// </summary>
public sealed class KillTests
{
    const int BetweenKills = 60;

    static readonly int People = Setting("ATTUNE_ATTACK_PEOPLE", 50);
    static readonly int Kills = Setting("ATTUNE_ATTACK_KILLS", 6);
    static readonly int SharedKills = Setting("ATTUNE_ATTACK_KILLS", 3);

    static int Setting(string name, int usual) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : usual;

    readonly ConcurrentDictionary<string, string> sent = [];
    readonly ConcurrentDictionary<string, long> confirmed = [];
    volatile bool over;

    [Fact]
    public async Task WhatWasConfirmedIsThereExactlyOnceHoweverOftenTheServerIsKilled()
    {
        using var folder = new TemporaryFolder();
        var (project, links) = Prepare(folder.File("studio.db"), People);
        using var studio = new StudioProcess(Path.Combine(AppContext.BaseDirectory, "attune.dll"), folder.Path);
        studio.Start();
        var people = links.ConvertAll(_ => new Visitor(studio.Address));
        await Task.WhenAll(
            people.Zip(links, async (person, link) => (await person.Post("/join", ("token", link))).EnsureSuccessStatusCode()));
        var work = people.ConvertAll(person => Task.Run(() => Work(person, project)));
        for (var kill = 0; kill < Kills; kill++)
        {
            await MoreConfirmed(BetweenKills, work);
            studio.Kill();
            studio.Start();
        }
        await MoreConfirmed(BetweenKills, work);
        over = true;
        await Task.WhenAll(work);
        Assert.True(studio.HasLoaded("e_sqlite3"));
        Assert.False(studio.HasLoaded("attune_torch"), "whatever happens in libtorch must not happen to the server");
        studio.Kill();
        people.ForEach(person => person.Dispose());
        Check(new SqliteConnection($"Data Source={folder.File("studio.db")};Pooling=False"));
    }

    /// <summary>Two studios with folders of their own, a database, and people whose proxy sends them to the studio that answers.</summary>
    [Fact]
    public async Task Submit_TwoStudiosOfADatabaseAndConnectionsAreKilled_CountsOnce()
    {
        using var folder = new TemporaryFolder();
        var address = PostgresServer.CreateDatabase();
        var (project, links) = Prepare(address, People);
        var studios = new[] { "one", "two" }.Select(name =>
            new StudioProcess(Path.Combine(AppContext.BaseDirectory, "attune.dll"), folder.File(name), address)).ToArray();
        Array.ForEach(studios, studio => studio.Start());
        var people = links.Select((_, i) => new Visitor(studios[i % 2].Address)).ToList();
        await Task.WhenAll(
            people.Zip(links, async (person, link) => (await person.Post("/join", ("token", link))).EnsureSuccessStatusCode()));
        var work = people.ConvertAll(person => Task.Run(() => Work(person, project, [.. studios.Select(studio => studio.Address)])));
        for (var kill = 0; kill < SharedKills; kill++)
        {
            await MoreConfirmed(BetweenKills, work);
            if (kill % 3 == 2)
                Connect(address).ExecuteScalar<long>("""
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'attune'
                    """);
            else
            {
                studios[kill % 3].Kill();
                await MoreConfirmed(BetweenKills / 2, work);     // by the other one
                studios[kill % 3].Start();
            }
        }
        await MoreConfirmed(BetweenKills, work);
        over = true;
        await Task.WhenAll(work);
        Array.ForEach(studios, studio => studio.Kill());
        people.ForEach(person => person.Dispose());
        Check(Connect(address));
    }

    static NpgsqlConnection Connect(string address)
    {
        var parts = address.Split(["://attune@/", "?host="], StringSplitOptions.None);
        return new($"Host={parts[2]};Username=attune;Database={parts[1]};Pooling=False");
    }

    [Fact]
    public async Task Stop_AfterDecisions_TheStoreIsWholeInItsFile()
    {
        using var folder = new TemporaryFolder();
        var (project, links) = Prepare(folder.File("studio.db"), people: 1);
        using var studio = new StudioProcess(Path.Combine(AppContext.BaseDirectory, "attune.dll"), folder.Path);
        studio.Start();
        using var person = new Visitor(studio.Address);
        (await person.Post("/join", ("token", links[0]))).EnsureSuccessStatusCode();
        var work = new List<Task> { Task.Run(() => Work(person, project), TestContext.Current.CancellationToken) };
        await MoreConfirmed(20, work);
        over = true;
        await work[0];
        Assert.Equal(0, studio.Stop());
        File.Copy(folder.File("studio.db"), folder.File("copy"));
        Assert.Equal(confirmed.Count, Backups.Check(folder.File("copy")).Decisions);
    }

    static (long Project, List<string> Links) Prepare(string address, int people)
    {
        using var store = PreferenceStore.Open(address);
        var owner = store.People.Add("Olga", Role.Owner);
        var project = store.Projects.Add("hotel", new() { CheckEvery = 0, Overlap = 2 }, owner.Id);
        store.Items.Add(project.Id, [.. Enumerable.Range(0, 1000 * Math.Max(20, Kills)).Select(i => new Item
        {
            Prompt = JsonValue.Create($"prompt {i}"), Answers = [new(JsonValue.Create("one")), new(JsonValue.Create("other"))],
        })], owner.Id);
        var ids = Enumerable.Range(0, people).AsParallel().WithDegreeOfParallelism(people)
            .Select(i => store.People.Add($"person {i}", Role.Annotator).Id).ToList();
        store.Projects.SetMembers(project.Id, ids, owner.Id);
        return (project.Id, ids.AsParallel().WithDegreeOfParallelism(people).Select(id => store.People.NewLink(id)).ToList());
    }

    /// <summary>Like the page's script: repeats the same request until it gets a response.</summary>
    async Task Work(Visitor person, long project, params Uri[] studios)
    {
        while (!over)
        {
            var next = await Answered(person, studios, $"/api/projects/{project}/next", new { count = 2 });
            foreach (var token in next["items"]!.AsArray().Select(item => (string)item!["token"]!))
            {
                sent[token] = $"{Guid.NewGuid()}";
                var saved = await Answered(person, studios, $"/api/projects/{project}/decisions", new
                {
                    token, verdict = new { outcome = "Ranked", ranks = new[] { 0, 1 }, rationale = sent[token] }, seconds = 1,
                });
                confirmed[token] = (long)saved["decision"]!;
            }
        }
    }

    static async Task<JsonNode> Answered(Visitor person, Uri[] studios, string path, object body)
    {
        while (true)
            try
            {
                return await Call(person, path, body);
            }
            catch (Exception error) when (error is HttpRequestException { StatusCode: null or HttpStatusCode.ServiceUnavailable }
                or IOException or SocketException)
            {
                person.Address = studios.FirstOrDefault(studio => studio != person.Address) ?? person.Address;
                await Task.Delay(20);
            }
    }

    /// <exception cref="HttpRequestException">The answer is no success: nobody is signed out, nothing is refused; or without a status:
    /// there was no answer.</exception>
    static async Task<JsonNode> Call(Visitor person, string path, object body)
    {
        using var response = await person.Send(HttpMethod.Post, path, JsonContent.Create(body));
        return JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!;
    }

    async Task MoreConfirmed(int count, List<Task> work)
    {
        for (var goal = confirmed.Count + count; confirmed.Count < goal; await Task.Delay(10))
            if (work.Find(task => task.IsFaulted) is { } failed)
                await failed;
    }

    void Check(DbConnection connection)
    {
        using var _ = connection;
        var stored = connection.Query<(long Id, string Token, string Says,
            string Ranks)>("SELECT id, token, rationale, ranks FROM decision").ToDictionary(row => row.Token);
        Assert.True(confirmed.Count >= SharedKills * BetweenKills);
        Assert.All(confirmed, each => Assert.Equal((each.Value, sent[each.Key]), (stored[each.Key].Id, stored[each.Key].Says)));
        Assert.Equal((confirmed.Count, confirmed.Count), (stored.Count, sent.Count));
        Assert.All(stored.Values, row => Assert.True(row.Ranks is "[0,1]" or "[1,0]"));
        if (connection is SqliteConnection)
            Assert.Equal("ok", connection.ExecuteScalar<string>("PRAGMA integrity_check"));
        Assert.Equal(stored.Count, connection.ExecuteScalar<int>("SELECT count(*) FROM audit WHERE action = 'decided'"));
        Assert.Equal(stored.Count, connection.ExecuteScalar<int>("SELECT decisions FROM progress"));
        Assert.Equal(0, connection.ExecuteScalar<int>("""
            SELECT count(*) FROM item i WHERE decided <> (SELECT count(*) FROM decision d WHERE d.item_id = i.id) OR decided > wanted
                OR held <> (SELECT count(*) FROM lease l WHERE l.item_id = i.id AND live = 1)
            """));
    }
}
