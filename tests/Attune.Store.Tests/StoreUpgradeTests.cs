using Attune.Testing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store.Tests;

/// <summary>Stores of version 1, which used ids of removed rows again and found the account of imported decisions by its name.</summary>
public sealed class StoreUpgradeTests : IDisposable
{
    const string Rows = """
        INSERT INTO person (id, name, role, session, disabled, created_at)
          VALUES (1, 'You', 'Owner', 's', 0, 1), (2, 'imported', 'Annotator', 's', 1, 2), (3, 'Ann', 'Annotator', 's', 0, 3);
        INSERT INTO project (id, name, settings, created_at) VALUES (1, 'hotel', '{"task":"Pairwise","checkEvery":0,"overlap":2}', 4);
        INSERT INTO member VALUES (1, 3);
        INSERT INTO item (id, project_id, position, random, wanted, prompt) VALUES (1, 1, 1, 0.5, 2, '"one"'), (2, 1, 2, 0.25, 2, '"two"');
        INSERT INTO answer VALUES (1, 0, '"a"', 'x', NULL), (1, 1, '"b"', NULL, 0.5), (2, 0, '"c"', NULL, NULL), (2, 1, '"d"', NULL, NULL);
        INSERT INTO lease (item_id, person_id, token, shown, turn, given_at, expires_at) VALUES (2, 3, 't', '[1,0]', 1, 5, 6);
        INSERT INTO decision (id, project_id, item_id, person_id, token, outcome, ranks, shown, seconds, decided_at)
          VALUES (1, 1, 1, 2, 'i', 'Ranked', '[0,1]', '[0,1]', 0, 5), (2, 1, 1, 3, 'd', 'Ranked', '[1,0]', '[1,0]', 9, 6);
        INSERT INTO audit (at, person_id, project_id, action, subject)
          VALUES (5, 3, 1, 'decided', 'item 2'), (5, 3, 1, 'withdrew', 'item 2'), (6, 3, 1, 'decided', 'item 1');
        """;

    readonly TemporaryFolder folder = new();

    [Fact]
    public void Open_StoreOfVersion1_KeepsEverythingAndUsesNoNumberAgain()
    {
        var path = OldStore("", "studio.db");
        using (var store = PreferenceStore.Open(path))
        {
            Assert.Equal([SpecialPerson.Local, SpecialPerson.Imported, null],
                store.People.All().OrderBy(person => person.Id).Select(person => person.Special));
            Assert.Equal(new Progress(2, 1, 2, 4), store.Projects.Progress(1));
            Assert.Equal(0.5, store.Items.Find(1, 1)!.Answers[1].Score);
            Assert.Equal(9, store.Annotations.Find(1, 2)!.Seconds);
            Assert.Equal(3, store.Audit.Newest(1).Count);
            var project = store.Projects.Get(1);
            var next = Assert.Single(store.Queue.Next(project, 3, 1).Items);
            Assert.Equal((2, "t"), (next.Item, next.Token));
            var saved = store.Annotations.Submit(project, 3, new("t", new() { Ranks = [0, 1] }, 1))!;
            Assert.Equal(4, saved.Annotation.Id);              // 3 was withdrawn, as the audit trail says
        }
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        Assert.Equal(0, connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'old!_%' ESCAPE '!'"));
        Assert.Equal(Schema(connection), Schema(NewStore()));
        Assert.Equal("ok", connection.ExecuteScalar<string>("PRAGMA integrity_check"));
        Assert.Throws<SqliteException>(() => connection.Execute("DELETE FROM audit"));
    }

    [Fact]
    public void Open_StoreOfVersion2_KeepsEverything()
    {
        var path = folder.File("studio.db");
        using (var store = PreferenceStore.Open(path))
        {
            var owner = store.People.Local().Id;
            store.People.Imported(owner);
            store.Projects.Add("hotel", new(), owner);
        }
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Execute("DROP TABLE import_chunk; PRAGMA user_version = 2");
        Assert.Equal(1, Backups.Check(path).People);
        using var opened = PreferenceStore.Open(path);
        Assert.Equal([SpecialPerson.Local, SpecialPerson.Imported],
            opened.People.All().OrderBy(person => person.Id).Select(person => person.Special));
        Assert.Equal("hotel", Assert.Single(opened.Projects.All()).Name);
        Assert.Equal(Schema(connection), Schema(NewStore()));
    }

    [Fact]
    public void Open_StoreOfVersion3_KeepsEverything()
    {
        var path = OldStore("UPDATE person SET special = CASE id WHEN 1 THEN 'Local' WHEN 2 THEN 'Imported' END", "studio.db", version: 3);
        using var store = PreferenceStore.Open(path);
        Assert.Equal([SpecialPerson.Local, SpecialPerson.Imported, null],
            store.People.All().OrderBy(person => person.Id).Select(person => person.Special));
        Assert.Equal(new Progress(2, 1, 2, 4), store.Projects.Progress(1));
        Assert.Equal(3, store.Audit.Newest(1).Count);
        Assert.Equal("t", Assert.Single(store.Queue.Next(store.Projects.Get(1), 3, 1).Items).Token);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        Assert.Equal(Schema(connection), Schema(NewStore()));
        Assert.Equal("ok", connection.ExecuteScalar<string>("PRAGMA integrity_check"));
    }

    [Fact]
    public void Open_StoreOfVersion1WithAPersonOfAReservedName_RenamesThem()
    {
        var path = OldStore("UPDATE person SET disabled = 0, link = x'00' WHERE id = 2; UPDATE person SET name = 'You' WHERE id = 3",
            "studio.db", "UPDATE person SET name = 'Olga' WHERE id = 1;");
        using var store = PreferenceStore.Open(path);
        Assert.Equal(["Olga", "You 3", "imported 2"], store.People.All().Select(person => person.Name).Order(StringComparer.Ordinal));
        Assert.All(store.People.All(), person => Assert.Null(person.Special));
        Assert.Equal("You", store.People.Local().Name);
        Assert.Equal(2, store.Audit.OutsideProjects().Count(entry => entry.Action == "renamed"));
    }

    [Fact]
    public void Restore_BackupOfVersion1_OpensAsACurrentStore()
    {
        var backup = OldStore("", "backup.db");
        Assert.Equal(new(Projects: 1, People: 2, Items: 2, Decisions: 2), Backups.Check(backup));      // without "imported"
        Backups.Restore(backup, folder.File("studio.db"));
        using var store = PreferenceStore.Open(folder.File("studio.db"));
        Assert.Equal(2, store.Projects.Progress(1).Items);
        Assert.Equal(2, Backups.Check(folder.File("studio.db")).People);
    }

    string OldStore(string more, string name, string before = "", int version = 1)
    {
        using var schema = new StreamReader(typeof(StoreUpgradeTests).Assembly.GetManifestResourceStream($"schema-{version}.sql")!);
        using var connection = new SqliteConnection($"Data Source={folder.File(name)};Pooling=False");
        connection.Execute(
            $"{schema.ReadToEnd()} {Rows} {before} {more}; PRAGMA user_version = {version}; PRAGMA application_id = {0x41747475}");
        return folder.File(name);
    }

    SqliteConnection NewStore()
    {
        PreferenceStore.Open(folder.File("new.db")).Dispose();
        return new($"Data Source={folder.File("new.db")};Pooling=False");
    }

    static IEnumerable<(string, string)> Schema(SqliteConnection connection) =>
        connection.Query<(string, string)>(
            "SELECT name, sql FROM sqlite_schema WHERE name <> 'sqlite_sequence' AND sql IS NOT NULL ORDER BY name");

    public void Dispose() => folder.Dispose();
}
