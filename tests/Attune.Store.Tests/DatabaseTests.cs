using Attune.Testing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store.Tests;

public sealed class DatabaseTests : IDisposable
{
    readonly TestStore test = new();
    readonly TemporaryFolder folder = new();

    [Fact]
    public void TheAuditTrailTakesNothingBack()
    {
        foreach (var sql in new[]
        {
            "UPDATE audit SET action = 'x'", "DELETE FROM audit",
            "INSERT OR REPLACE INTO audit (id, at, action, subject) VALUES (1, 0, 'x', 'x')",
        })
            Assert.Contains("append-only", Assert.Throws<SqliteException>(() => test.Ask<long>(sql)).Message);
    }

    [Fact]
    public void EverythingThatIsChangedIsInTheAuditTrail()
    {
        var project = test.Project(new() { CheckEvery = 0 }, items: 1);
        var ann = test.Person("Ann");
        test.Store.Projects.SetMembers(project.Id, [ann.Id], test.Owner.Id);
        test.Change(project, project.Settings with { Overlap = 2 });
        test.Store.People.NewLink(ann.Id, test.Owner.Id);
        var id = test.Prefer(project, ann, test.Next(project, ann), 0)!.Annotation.Id;
        test.Store.Annotations.Edit(project, ann.Id, id, 1, new() { Ranks = [0, 0] });
        test.Store.Annotations.Undo(project, ann.Id);
        test.Store.Projects.Archive(project.Id, true, test.Owner.Id);
        Assert.Equal(
            ["person added", "project made", "items added", "person added", "members set", "settings changed", "link made", "decided",
                "edited", "withdrew", "archived"],
            test.Store.Audit.Newest(null).Reverse().Select(entry => entry.Action));
        Assert.Equal(["Ann", "Ann", "Ann"], test.Store.Audit.Newest(project.Id).Reverse().Skip(4).Take(3).Select(entry => entry.Person));
    }

    [Fact]
    public void AFileThatIsNoStoreIsRefusedInOneMessage()
    {
        AssertRefused("cannot be opened as a store", path => File.WriteAllText(path, new('x', 10_000)));
        AssertRefused("but not a store of the studio", path => Execute(path, "CREATE TABLE x (y)"));
        AssertRefused("version 2, but this program needs version 1", path =>
        {
            PreferenceStore.Open(path).Dispose();
            Execute(path, "PRAGMA user_version = 2");
        });
        AssertRefused("cannot be opened as a store", path => Directory.CreateDirectory(path));
    }

    [Fact]
    public void ADamagedFileIsSaidToBeOne()
    {
        var path = folder.File("damaged.db");
        using (var store = PreferenceStore.Open(path))
            Parallel.For(0, 400, new() { MaxDegreeOfParallelism = 16 }, i => store.People.Add($"{i}", Role.Annotator));
        using (var file = File.OpenWrite(path))
        {
            file.Position = file.Length * 3 / 4;            // after the schema, in the rows of names
            file.Write(Enumerable.Repeat((byte)0xAA, (int)(file.Length - file.Position)).ToArray());
        }
        using var damaged = PreferenceStore.Open(path);
        Assert.Contains("is damaged", Assert.Throws<InvalidDataException>(() => damaged.People.All()).Message);
        Assert.Contains("is damaged", Assert.Throws<InvalidDataException>(() => damaged.People.Add("x", Role.Annotator)).Message);
    }

    [Fact]
    public void NamesAreComposedAndHideNothing()
    {
        var name = test.Person(" Zoe\u0308 🦜 ").Name;
        Assert.Equal("Zo\u00EB 🦜", name);
        Assert.Equal(name, test.Store.People.Find("Zoe\u0308 🦜")!.Name);
        Assert.Throws<InvalidDataException>(() => test.Store.People.Add("ZO\u00EB 🦜".Replace('O', 'o'), Role.Annotator));
        foreach (var hidden in new[] { "a\u202Eb", "a\0b", "a\nb", "a\u200Bb", "\u2066a", "a\uD83E", "", " ", new string('x', 81) })
        {
            Assert.Throws<InvalidDataException>(() => test.Store.People.Add(hidden, Role.Annotator));
            Assert.Null(test.Store.People.Find(hidden));
        }
        Assert.Throws<InvalidDataException>(() => test.Store.Projects.Add("a\u202Eb", new(), test.Owner.Id));
        Assert.Equal("می\u200Cخواهم", test.Person("می\u200Cخواهم").Name);
    }

    [Fact]
    public void ManyReadersShareAFewConnections()
    {
        test.Project(new(), items: 10);
        Parallel.For(0, 2000, new() { MaxDegreeOfParallelism = 64 }, _ => Assert.Single(test.Store.Projects.All()));
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Count(fd => new FileInfo(fd).LinkTarget == test.Path), 1, 17);
    }

    void AssertRefused(string message, Action<string> make)
    {
        var path = folder.File($"{Guid.NewGuid()}.db");
        make(path);
        var error = Assert.Throws<InvalidDataException>(() => PreferenceStore.Open(path).Dispose());
        Assert.Contains(message, error.Message);
        Assert.Contains(path, error.Message);
    }

    static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Execute(sql);
    }

    public void Dispose()
    {
        test.Dispose();
        folder.Dispose();
    }
}
