using Attune.Testing;
using Microsoft.Data.Sqlite;

namespace Attune.Store.Tests;

/// <summary>The file of a store: whole after a stop, never replaced by a new one in silence, and private.</summary>
public sealed class StoreFileTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    string Path => folder.File("studio.db");

    [Fact]
    public void Dispose_AfterChanges_LeavesTheWholeStoreInItsFile()
    {
        using (var store = PreferenceStore.Open(Path))
        {
            AddPeople(store, 50);
            Assert.NotEqual(0, new FileInfo($"{Path}-wal").Length);
        }
        Assert.Equal(50, PeopleInACopyOfTheFile());
    }

    [Fact]
    public async Task Idle_AfterChanges_TheWholeStoreIsInItsFile()
    {
        using var store = PreferenceStore.Open(Path);
        AddPeople(store, 50);
        for (var tries = 0; new FileInfo($"{Path}-wal").Length > 0; tries++)
        {
            Assert.True(tries < 200);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        Assert.Equal(50, PeopleInACopyOfTheFile());
    }

    [Theory]
    [InlineData("keys/key-1.xml")]
    [InlineData("studio.db.before-restore-1")]
    [InlineData("studio.db.0123.unfinished")]
    [InlineData("studio.db-wal")]
    public void Open_FileIsMissingWhereAStoreWas_Fails(string trace)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(folder.File(trace))!);
        folder.Write(trace, "x");
        var error = Assert.Throws<InvalidDataException>(() => PreferenceStore.Open(Path).Dispose());
        Assert.Contains($"{Path} is missing, but there was a store here (found {trace.Split('/')[0]})", error.Message);
        Assert.False(File.Exists(Path));
    }

    [Fact]
    public void Open_EmptyFileOrOneWithoutTables_Fails()
    {
        File.WriteAllText(Path, "");
        Assert.Contains("is empty (0 bytes)", Assert.Throws<InvalidDataException>(() => PreferenceStore.Open(Path).Dispose()).Message);
        using (var connection = new SqliteConnection($"Data Source={Path};Pooling=False"))
        {
            connection.Open();
            using var command = new SqliteCommand("PRAGMA journal_mode = WAL", connection);
            command.ExecuteNonQuery();
        }
        Assert.Contains("has no tables", Assert.Throws<InvalidDataException>(() => PreferenceStore.Open(Path).Dispose()).Message);
    }

    [Fact]
    public void Open_NewStore_IsReadableByItsUserOnly()
    {
        var path = folder.File("new/studio.db");
        using var store = PreferenceStore.Open(path);
        AddPeople(store, 1);
        Assert.Equal("rwx------", Mode(System.IO.Path.GetDirectoryName(path)!));
        Assert.All([path, $"{path}-wal", $"{path}-shm"], file => Assert.Equal("rw-------", Mode(file)));
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_100);
        using var second = PreferenceStore.Open(path);
        Assert.Equal("rw-rw----", Mode(path));                 // a group that was let in stays in
    }

    [Fact]
    public void Open_ManyAtOnceWhereThereIsNone_AllOpenTheSameStore()
    {
        var ids = new string[8];
        Parallel.For(0, ids.Length, new() { MaxDegreeOfParallelism = ids.Length }, i =>
        {
            using var store = PreferenceStore.Open(Path);
            using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
            connection.Open();
            using var command = new SqliteCommand("SELECT id FROM store", connection);
            ids[i] = (string)command.ExecuteScalar()!;
        });
        Assert.Single(ids.Distinct());
        Assert.Empty(Directory.GetFiles(folder.Path, "*.new"));
    }

    [Theory]
    [InlineData(13, "the disk of copy.db is full", false)]
    [InlineData(8, "a.db cannot be read or written", false)]
    [InlineData(14, "a.db cannot be read or written", false)]
    [InlineData(5, "a.db is in use", false)]
    [InlineData(11, "a.db is damaged", true)]
    public void Explain_ErrorOfSqlite_CallsOnlyDamageDamage(int code, string expected, bool damage)
    {
        var error = new SqliteException("said by SQLite", code).Explain("a.db", "copy.db")!;
        Assert.StartsWith(expected, error.Message);
        Assert.Equal(damage, error is InvalidDataException);
    }

    [Fact]
    public void Leftovers_OldAndNew_RemovesOldOnes()
    {
        foreach (var name in new[] { "upload-1", "upload-2", "other" })
            folder.Write(name, "x");
        Directory.CreateDirectory(folder.File("upload-3"));
        foreach (var name in new[] { "upload-1", "other", "upload-3" })
            Directory.SetLastWriteTimeUtc(folder.File(name), DateTime.UtcNow.AddHours(-2));
        Leftovers.Remove(folder.Path, "upload-*");
        Leftovers.Remove(folder.File("none"), "upload-*");
        Assert.Equal(["other", "upload-2"],
            Directory.GetFileSystemEntries(folder.Path).Select(path => System.IO.Path.GetFileName(path)).Order());
    }

    static void AddPeople(PreferenceStore store, int count)
    {
        for (var i = 0; i < count; i++)
            store.People.Add($"person {i}", Role.Annotator);
    }

    long PeopleInACopyOfTheFile()
    {
        File.Copy(Path, folder.File("copy.db"));
        return Backups.Check(folder.File("copy.db")).People;
    }

    static string Mode(string path) => string.Concat(Enumerable.Range(0, 9).Select(bit =>
        ((int)File.GetUnixFileMode(path) >> (8 - bit) & 1) == 1 ? "rwxrwxrwx"[bit] : '-'));

    public void Dispose() => folder.Dispose();
}
