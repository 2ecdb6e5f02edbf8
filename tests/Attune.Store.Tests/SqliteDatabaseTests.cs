using Attune.Testing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store.Tests;

public sealed class SqliteDatabaseTests() : DatabaseTests(StoreKind.Sqlite)
{
    readonly TemporaryFolder folder = new();

    [Fact]
    public void AFileThatIsNoStoreIsRefusedInOneMessage()
    {
        AssertRefused("cannot be opened as a store", path => File.WriteAllText(path, new('x', 10_000)));
        AssertRefused("but not a store of the studio", path => Execute(path, "CREATE TABLE x (y)"));
        AssertRefused($"version {Database.Version + 1}, but this program needs version {Database.Version}", path =>
        {
            PreferenceStore.Open(path).Dispose();
            Execute(path, $"PRAGMA user_version = {Database.Version + 1}");
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
    public async Task WriteAsync_TransactionOfAGroupIsRolledBack_AllFail()
    {
        using var database = new SqliteDatabase(folder.File("group.db"));
        using var go = new ManualResetEventSlim();
        var first = Block(database, go);
        var group = Enumerable.Range(0, 3).Select(i => database.WriteAsync(connection =>
        {
            connection.Execute("INSERT INTO ended_session (id, until) VALUES (@i, 0)", new { i });
            return i == 1 ? connection.Execute("ROLLBACK TRANSACTION; SELECT no_such_function()") : i;
        })).ToList();
        go.Set();
        await first;
        foreach (var change in group)
            await Assert.ThrowsAsync<SqliteException>(() => change);
        Assert.Equal(0, database.Read(connection => connection.ExecuteScalar<long>("SELECT count(*) FROM ended_session")));
        Assert.Equal(7, await database.WriteAsync(_ => 7));
    }

    [Fact]
    public void ManyReadersShareAFewConnections()
    {
        using var store = PreferenceStore.Open(folder.File("studio.db"));
        store.Projects.Add("hotel", new(), store.People.Local().Id);
        Parallel.For(0, 2000, new() { MaxDegreeOfParallelism = 64 }, _ => Assert.Single(store.Projects.All()));
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Count(fd => new FileInfo(fd).LinkTarget == folder.File("studio.db")), 1, 17);
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

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        folder.Dispose();
    }
}
