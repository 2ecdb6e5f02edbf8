using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Store.Tests;

public sealed class BackupTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly PreferenceStore store;
    readonly Person owner;
    readonly Project project;

    public BackupTests()
    {
        store = PreferenceStore.Open(Path);
        owner = store.People.Add("Olga", Role.Owner);
        project = store.Projects.Add("hotel", new() { CheckEvery = 0 }, owner.Id);
        Add(20);
    }

    string Path => folder.File("studio.db");

    void Add(int items) => store.Items.Add(project.Id, [.. Enumerable.Range(0, items).Select(i => new Item
    {
        Prompt = JsonValue.Create($"prompt {i}"),
        Answers = [new(JsonValue.Create("a")), new(JsonValue.Create("b"))],
    })], owner.Id);

    [Fact]
    public async Task ACopyThatIsTakenWhileOthersWriteHoldsOneStateAndIsWhole()
    {
        using var done = new CancellationTokenSource();
        var writing = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
                Add(10);
        }, TestContext.Current.CancellationToken);
        var before = store.Projects.Progress(project.Id).Items;
        var content = Backups.Take(Path, folder.File("copy.db"));
        await done.CancelAsync();
        await writing;
        Assert.InRange(content.Items, before, store.Projects.Progress(project.Id).Items);
        Assert.Equal(0, content.Items % 10);     // it contains whole transactions only
        Assert.Equal(content, Backups.Check(folder.File("copy.db")));
        Assert.Throws<InvalidDataException>(() => Backups.Take(Path, folder.File("copy.db")));
        Assert.Equal(store.Projects.Progress(project.Id).Items, Backups.Take(Path, folder.File("copy.db"), replace: true).Items);
    }

    [Fact]
    public void ARestoredStoreHoldsWhatTheCopyHeldAndTheOldOneIsKept()
    {
        Backups.Take(Path, folder.File("copy.db"));
        Add(5);
        Assert.Contains("in use", Assert.Throws<InvalidDataException>(() =>
            Backups.Restore(folder.File("copy.db"), Path, replace: true)).Message, StringComparison.Ordinal);
        store.Dispose();
        Assert.Throws<InvalidDataException>(() => Backups.Restore(folder.File("copy.db"), Path));
        var (content, kept) = Backups.Restore(folder.File("copy.db"), Path, replace: true);
        Assert.Equal(20, content.Items);
        using (var restored = PreferenceStore.Open(Path))
            Assert.Equal(20, restored.Projects.Progress(project.Id).Items);
        Assert.Equal(25, Backups.Check(kept!).Items);
    }

    [Fact]
    public async Task Restore_WhileOthersLook_ThereIsAStoreAtEveryMoment()
    {
        Add(2000);
        Backups.Take(Path, folder.File("copy.db"));
        store.Dispose();
        var missing = await Missing(Path, () => Backups.Restore(folder.File("copy.db"), Path, replace: true));
        Assert.Equal(0, missing);
        Assert.Equal(2020, Backups.Check($"{Path}.before-restore-1").Items);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.unfinished"));
    }

    [Fact]
    public async Task Export_ReplacedWhileOthersLook_ThereIsOneAtEveryMoment()
    {
        var target = folder.File("export");
        store.Exports.Snapshot(project, new(), target);
        var missing = await Missing(System.IO.Path.Combine(target, "manifest.json"), () =>
        {
            for (var i = 0; i < 20; i++)
                store.Exports.Snapshot(project, new(), target, replace: true);
        });
        Assert.Equal(0, missing);
        Assert.Equal([target], Directory.GetDirectories(folder.Path));
    }

    /// <summary>How many times a file was missing while something was done.</summary>
    static async Task<int> Missing(string path, Action act)
    {
        var (missing, done) = (0, false);
        var looking = Task.Run(() =>
        {
            while (!Volatile.Read(ref done))
                missing += File.Exists(path) ? 0 : 1;
        });
        act();
        Volatile.Write(ref done, true);
        await looking;
        return missing;
    }

    [Theory]
    [InlineData("half")]
    [InlineData("overwritten")]
    [InlineData("empty")]
    [InlineData("text")]
    public void ADamagedCopyIsRefusedAndNothingIsTouched(string damage)
    {
        Add(400);
        Backups.Take(Path, folder.File("copy.db"));
        store.Dispose();
        var bytes = File.ReadAllBytes(folder.File("copy.db"));
        File.WriteAllBytes(folder.File("copy.db"), damage switch
        {
            "half" => bytes[..(bytes.Length / 2)],
            "overwritten" =>
                [.. bytes[..(bytes.Length / 2)], .. Enumerable.Repeat((byte)0x5A, 8192), .. bytes[(bytes.Length / 2 + 8192)..]],
            "empty" => [],
            _ => "not a store"u8.ToArray(),
        });
        var error = Assert.Throws<InvalidDataException>(() => Backups.Restore(folder.File("copy.db"), Path, replace: true));
        Assert.Contains("copy.db", error.Message, StringComparison.Ordinal);
        Assert.Equal(420, Backups.Check(Path).Items);
        Assert.Equal(2, Directory.GetFiles(folder.Path, "*.db*")
            .Count(file => !file.EndsWith("-shm", StringComparison.Ordinal) && !file.EndsWith("-wal", StringComparison.Ordinal)));
    }

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }
}
