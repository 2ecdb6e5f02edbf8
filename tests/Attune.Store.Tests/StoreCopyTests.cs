using Attune.Store.Export;
using Attune.Testing;

namespace Attune.Store.Tests;

public sealed class StoreCopyTests : IDisposable
{
    readonly TestStore test = new();
    readonly EmptyStore postgres = new(StoreKind.Postgres);
    readonly TemporaryFolder folder = new();

    [Fact]
    public void Run_FileToPostgresAndBack_KeepsEverything()
    {
        var (project, ann) = (test.Project(new() { CheckEvery = 0 }, items: 5), test.Person("Ann"));
        for (var i = 0; i < 3; i++)
            test.Prefer(project, ann, test.Next(project, ann), 0);
        test.Undo(project, ann);
        test.Store.People.NewLink(ann.Id);
        var exported = Export(test.Store, "exported");
        var audit = test.Store.Audit.Newest(null);
        var file = folder.File("copy.db");
        var tables = StoreCopy.Run(test.Path, postgres.Address);
        Assert.Equal(tables, StoreCopy.Run(postgres.Address, file));
        Assert.Equal(Database.Tables, tables.Select(table => table.Name));
        Assert.Equal((5, 10, 2), (Rows("item"), Rows("answer"), Rows("decision")));
        using (var copy = PreferenceStore.Open(postgres.Address, test.Time))
            AssertSame(copy, "postgres");
        using (var copy = PreferenceStore.Open(file, test.Time))
            AssertSame(copy, "file");

        long Rows(string name) => tables.Single(table => table.Name == name).Rows;

        void AssertSame(PreferenceStore copy, string name)
        {
            Assert.Equal(test.Store.People.All(), copy.People.All());
            Assert.Equal(test.Store.Projects.Progress(project.Id), copy.Projects.Progress(project.Id));
            Assert.Equal(audit, copy.Audit.Newest(null));
            Assert.Equal(exported, Export(copy, name));
            var next = copy.Queue.Next(project, ann.Id, 1).Items[0];     // the item of the withdrawn decision
            Assert.Equal(test.Next(project, ann).Token, next.Token);
            Assert.Equal(4, copy.Annotations.Submit(project, ann.Id, new(next.Token, new() { Ranks = [0, 1] }, 1))!.Annotation.Id);
        }

        string Export(PreferenceStore store, string name)
        {
            store.Exports.Snapshot(project, new() { Layout = ExportLayout.Pairs }, folder.File(name));
            return File.ReadAllText(Path.Combine(folder.File(name), "train.jsonl"));
        }
    }

    [Fact]
    public void Run_TargetWithPeopleOrWithoutSource_IsRefused()
    {
        using var other = new TestStore();
        AssertRefused("people or projects", test.Path);
        AssertRefused("there is no store", folder.File("none.db"));

        void AssertRefused(string message, string from) =>
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => StoreCopy.Run(from, other.Path)).Message);
    }

    public void Dispose()
    {
        test.Dispose();
        postgres.Dispose();
        folder.Dispose();
    }
}
