using System.Text.RegularExpressions;
using Attune.Store.Postgres;
using Dapper;

namespace Attune.Store.Tests;

/// <summary>What only a PostgreSQL database does: several studios at once, and connections that are lost.</summary>
public sealed class PostgresTests : IDisposable
{
    readonly TestStore test = new(StoreKind.Postgres);

    PreferenceStore OpenSecond() => PreferenceStore.Open(test.Path, test.Time);

    [Fact]
    public void Submit_SameTokenThroughTwoStudios_CountsOnce()
    {
        using var second = OpenSecond();
        var project = test.Project(new() { CheckEvery = 0, Overlap = 2 }, items: 40);
        var people = Enumerable.Range(0, 8).Select(i => test.Person($"person {i}").Id).ToList();
        Parallel.ForEach(people, new ParallelOptions { MaxDegreeOfParallelism = 8 }, person =>
        {
            for (var i = 0; i < 5; i++)
            {
                var item = (i % 2 == 0 ? test.Store : second).Queue.Next(project, person, 1).Items[0];
                var submission = new Submission(item.Token, new() { Ranks = [0, 1] }, 1);
                var saved = new[] { test.Store, second }.AsParallel()
                    .Select(store => store.Annotations.Submit(project, person, submission)!.Annotation.Id);
                Assert.Single(saved.Distinct());
            }
        });
        Assert.Equal(40, second.Projects.Progress(project.Id).Decisions);
        Assert.Equal(40, test.Ask<long>("SELECT count(*) FROM audit WHERE action = 'decided'"));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public async Task Write_ConnectionIsTerminated_IsRepeatedOnce()
    {
        using var database = Database.Open(test.Path);
        foreach (var write in new Func<Func<System.Data.Common.DbConnection, int>, Task<int>>[]
        {
            change => Task.FromResult(database.Write(change)), database.WriteAsync, database.WriteLightlyAsync,
        })
        {
            var attempts = 0;
            var result = await write(connection =>
            {
                connection.Execute("INSERT INTO ended_session (id, until) VALUES (gen_random_uuid()::text, 0)");
                if (attempts++ == 0)
                    test.Ask<bool>($"SELECT pg_terminate_backend({connection.ExecuteScalar<int>("SELECT pg_backend_pid()")}, 1000)");
                return connection.ExecuteScalar<int>("SELECT 7");
            });
            Assert.Equal((7, 2), (result, attempts));
        }
        Assert.Equal(3, test.Ask<long>("SELECT count(*) FROM ended_session"));
    }

    [Fact]
    public void Read_AllConnectionsAreTerminated_IsRepeated()
    {
        Assert.Single(test.Store.People.All());
        test.Ask<long>("""
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            """);
        Assert.Single(test.Store.People.All());
    }

    [Fact]
    public void Open_AddressWithATimeout_LetsStatementsTakeTheirTime()
    {
        var separator = test.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        using var database = Database.Open($"{test.Path}{separator}command%20timeout=1");
        Assert.Equal(0, database.Read(connection => ((Npgsql.NpgsqlConnection)connection).CommandTimeout));
    }

    [Fact]
    public void TryHoldJobs_TwoStudios_OneAtATime()
    {
        using var second = OpenSecond();
        Assert.True(test.Store.TryHoldJobs());
        Assert.True(test.Store.TryHoldJobs());
        Assert.False(second.TryHoldJobs());
        test.Ask<long>("""
            SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """);
        SpinWait.SpinUntil(second.TryHoldJobs, TimeSpan.FromSeconds(10));
        Assert.False(test.Store.TryHoldJobs());
        Assert.True(second.TryHoldJobs());
    }

    [Fact]
    public void Open_StoreOfVersion3_KeepsEverything()
    {
        var project = test.Project(new() { CheckEvery = 0 }, items: 2);
        test.Prefer(project, test.Person("Ann"), test.Next(project, test.Person("Ann")), 0);
        test.Undo(project, test.Person("Ann"));
        using (var connection = test.Connect())
            connection.Execute("DROP TABLE session_key; DROP TABLE access_token; UPDATE attune_version SET version = 3");
        using var opened = OpenSecond();
        Assert.Equal(2, opened.Projects.Progress(project.Id).Items);
        Assert.Equal(5, opened.Audit.Newest(null).Count(entry => entry.Action is not "person added") + 1);
        Assert.Equal(2, test.Prefer(project, test.Person("Ann"), test.Next(project, test.Person("Ann")), 0)!.Annotation.Id);
        Assert.Empty(opened.SessionKeys());
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Open_DatabaseThatIsNoCurrentStore_IsRefusedInOneMessage()
    {
        using (var connection = test.Connect())
            connection.Execute($"UPDATE attune_version SET version = {Database.Version + 1}");
        Assert.Contains($"has version {Database.Version + 1}", Assert.Throws<InvalidDataException>(() => OpenSecond()).Message);
        using (var connection = test.Connect())
            connection.Execute("ALTER TABLE attune_version RENAME TO other");
        Assert.Contains("that is not the studio's", Assert.Throws<InvalidDataException>(() => OpenSecond()).Message);
        using (var connection = test.Connect())
            connection.Execute($"ALTER TABLE other RENAME TO attune_version; UPDATE attune_version SET version = {Database.Version}");
        Assert.Contains("create it with `createdb`", Assert.Throws<InvalidDataException>(() =>
            PreferenceStore.Open(test.Path.Replace("/test", "/missing", StringComparison.Ordinal))).Message);
    }

    [Fact]
    public void Triggers_OfBothSchemas_HaveTheSameNames()
    {
        Assert.Equal(Names("Schema.sql").Except(["audit_is_not_replaced"]), Names("Postgres.Triggers.sql"));

        static IEnumerable<string> Names(string resource)
        {
            using var reader = new StreamReader(typeof(Database).Assembly.GetManifestResourceStream(resource)!);
            return Regex.Matches(reader.ReadToEnd(), @"CREATE TRIGGER (?<name>\w+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
                .Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal);
        }
    }

    [Theory]
    [InlineData("postgresql://ann@db.example:5433/hotel?sslmode=verify-full", "Host=db.example;Port=5433;Username=ann;SSL Mode=VerifyFull")]
    [InlineData("postgres://ann:p%40ss@db/hotel", "Host=db;Username=ann;Password=p@ss")]
    [InlineData("postgresql://ann@/hotel?host=/run/postgresql", "Host=/run/postgresql;Username=ann")]
    [InlineData("Host=db;Database=hotel;Username=ann", "Host=db;Username=ann")]
    public void Parse_Address_IsTheConnection(string address, string expected)
    {
        Assert.True(PreferenceStore.IsPostgres(address));
        var parsed = PostgresAddress.Parse(address);
        Assert.Equivalent(new Npgsql.NpgsqlConnectionStringBuilder($"{expected};Database=hotel"), parsed, strict: false);
        Assert.DoesNotContain("p@ss", PostgresAddress.Shown(parsed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql://ann:secret@db/", "names no database")]
    [InlineData("postgresql://ann:secret@db/hotel?colour=red", "colour")]
    public void Parse_WrongAddress_IsRefusedWithoutThePassword(string address, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => PreferenceStore.Open(address));
        Assert.Contains(expected, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => test.Dispose();
}
