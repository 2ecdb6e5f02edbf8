namespace Attune.Store.Tests;

public abstract class AccessTokenTests(StoreKind kind) : IDisposable
{
    readonly TestStore test = new(kind);

    [Fact]
    public void Use_TokenUntilItExpires_ReturnsItsPerson()
    {
        var ann = test.Person("Ann");
        var token = test.Store.Tokens.Add(ann.Id, "bot", [AccessScope.Annotate, AccessScope.Read, AccessScope.Read], 7);
        test.Time.Pass(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        var found = test.Store.Tokens.Use(token, null)!;
        Assert.Equal((ann.Id, "Ann"), (found.Token.Person, found.Access.Person.Name));
        Assert.Equal([AccessScope.Read, AccessScope.Annotate], found.Token.Scopes);
        test.Time.Pass(TimeSpan.FromSeconds(1));
        Assert.Null(test.Store.Tokens.Use(token, null));
        Assert.Empty(test.Store.Tokens.Counts());
    }

    [Fact]
    public void Use_Token_KeepsTheLastUseToTheMinute()
    {
        var token = test.Store.Tokens.Add(test.Owner.Id, "bot", [AccessScope.Read], 7);
        Assert.Null(Assert.Single(test.Store.Tokens.Of(test.Owner.Id)).UsedAt);
        var first = test.Time.GetUtcNow();
        test.Store.Tokens.Use(token, null);
        test.Time.Pass(TimeSpan.FromSeconds(30));
        test.Store.Tokens.Use(token, null);
        Assert.Equal(first, Assert.Single(test.Store.Tokens.Of(test.Owner.Id)).UsedAt);
        test.Time.Pass(TimeSpan.FromSeconds(30));
        test.Store.Tokens.Use(token, null);
        Assert.Equal(first.AddMinutes(1), Assert.Single(test.Store.Tokens.Of(test.Owner.Id)).UsedAt);
    }

    [Fact]
    public void Use_RevokedTokenOrDisabledPerson_ReturnsNull()
    {
        var ann = test.Person("Ann");
        var (one, two) = (Add(ann, "one"), Add(ann, "two"));
        Assert.False(test.Store.Tokens.Revoke(test.Owner.Id, test.Store.Tokens.Of(ann.Id)[0].Id));     // somebody else's
        Assert.True(test.Store.Tokens.Revoke(ann.Id, test.Store.Tokens.Of(ann.Id)[0].Id));
        Assert.Null(test.Store.Tokens.Use(two, null));
        test.Store.People.Disable(ann.Id, true, test.Owner.Id);
        Assert.Null(test.Store.Tokens.Use(one, null));
        test.Store.People.Disable(ann.Id, false, test.Owner.Id);
        Assert.NotNull(test.Store.Tokens.Use(one, null));
        test.Store.Tokens.RevokeAll(ann.Id, test.Owner.Id);
        Assert.Null(test.Store.Tokens.Use(one, null));
        Assert.Equal(["tokens revoked", "enabled", "disabled", "token revoked", "token made", "token made"],
            test.Store.Audit.OutsideProjects(count: 6).Select(entry => entry.Action));
    }

    [Theory]
    [InlineData(0, 1, "after 1 to 365 days (was 0)")]
    [InlineData(366, 1, "after 1 to 365 days (was 366)")]
    [InlineData(7, 0, "at least one scope")]
    public void Add_NotAllowed_IsRefused(int days, int scopes, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            test.Store.Tokens.Add(test.Owner.Id, "bot", Enum.GetValues<AccessScope>()[..scopes], days));
        Assert.Contains(message, error.Message);
    }

    string Add(Person person, string name) => test.Store.Tokens.Add(person.Id, name, [AccessScope.Read], 7);

    public void Dispose()
    {
        test.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteAccessTokenTests() : AccessTokenTests(StoreKind.Sqlite)
{
    [Fact]
    public void Add_Token_StoresOnlyItsHash()
    {
        using var store = new TestStore();
        var token = store.Store.Tokens.Add(store.Owner.Id, "bot", [AccessScope.Read], 7);
        Assert.StartsWith("attune_", token);
        var files = Directory.GetFiles(Path.GetDirectoryName(store.Path)!).Where(file => !file.EndsWith("-shm"));
        Assert.All(files, file => Assert.DoesNotContain(token[AccessTokens.Prefix.Length..], File.ReadAllText(file)));
    }
}

public sealed class PostgresAccessTokenTests() : AccessTokenTests(StoreKind.Postgres);
