using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>A change is confirmed when it is on disk, and not before.</summary>
public sealed class LogFlushTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    [Fact]
    public async Task Wait_DiskIsBusy_CompletesAfterTheFlush()
    {
        File.WriteAllText(folder.File("log"), "");
        using var disk = new ManualResetEventSlim();
        using var log = new LogFlush(() =>
        {
            disk.Wait();
            return folder.File("log");
        });
        var waiting = Enumerable.Range(0, 5).Select(_ => log.Wait()).ToList();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        disk.Set();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Wait_FlushFailed_FailsFromThenOn()
    {
        using var log = new LogFlush(() => folder.File("log"));
        await Assert.ThrowsAsync<IOException>(log.Wait);
        File.WriteAllText(folder.File("log"), "");
        Assert.Contains("check the disk", (await Assert.ThrowsAsync<IOException>(log.Wait)).Message);
    }

    [Fact]
    public void Submit_LogCannotBeFlushed_IsNotConfirmed()
    {
        using var store = PreferenceStore.Open(folder.File("studio.db"));
        File.Delete(folder.File("studio.db-wal"));
        Assert.Contains("studio.db-wal", Assert.Throws<IOException>(() => store.People.Add("Ann", Role.Annotator)).Message);
    }

    [Fact]
    public void Add_StoreThroughASymbolicLink_IsOnDisk()
    {
        Directory.CreateDirectory(folder.File("elsewhere"));
        PreferenceStore.Open(folder.File("elsewhere/studio.db")).Dispose();
        File.CreateSymbolicLink(folder.File("studio.db"), folder.File("elsewhere/studio.db"));
        using var store = PreferenceStore.Open(folder.File("studio.db"));
        Assert.Equal("Ann", store.People.Add("Ann", Role.Annotator).Name);
    }

    public void Dispose() => folder.Dispose();
}
