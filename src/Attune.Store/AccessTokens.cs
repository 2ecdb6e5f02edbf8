using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>Personal access tokens, with which programs use the API as a person.</summary>
public sealed class AccessTokens
{
    /// <summary>The beginning of every token, by which secret scanners find one that was published by mistake.</summary>
    public const string Prefix = "attune_";

    /// <summary>The most characters of a name.</summary>
    public const int LongestName = 80;

    /// <summary>The most days until a token expires.</summary>
    public const int MostDays = 365;

    const int MostOfAPerson = 50;
    const string Columns = "id, person_id AS Person, name, scopes, created_at AS CreatedAt, expires_at AS ExpiresAt, used_at AS UsedAt";

    static readonly TimeSpan UsePrecision = TimeSpan.FromMinutes(1);

    readonly Database database;
    readonly TimeProvider time;

    internal AccessTokens(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>The tokens of a person, newest first; those that have expired too.</summary>
    public IReadOnlyList<AccessToken> Of(long person) => database.Read(connection => connection.Query<AccessToken>(
        $"SELECT {Columns} FROM access_token WHERE person_id = @person ORDER BY id DESC", new { person }).AsList());

    /// <summary>How many tokens each person has that has any, without those that have expired.</summary>
    public IReadOnlyDictionary<long, int> Counts() => database.Read(connection => connection.Query<(long Person, int Count)>(
        "SELECT person_id, count(*) FROM access_token WHERE expires_at > @now GROUP BY person_id", new { now = time.GetUtcNow() })
        .ToDictionary(row => row.Person, row => row.Count));

    /// <summary>Makes a token and returns it; it is not stored.</summary>
    /// <param name="person">The person for whom it acts.</param>
    /// <param name="name">What it is for.</param>
    /// <param name="scopes">What it may be used for.</param>
    /// <param name="days">After how many days it expires.</param>
    /// <exception cref="InvalidDataException">The name is empty or too long, there is no scope, the days are out of range, or the person
    /// has too many tokens.</exception>
    public string Add(long person, string name, IReadOnlyList<AccessScope> scopes, int days)
    {
        name = Names.Checked(name, LongestName);
        scopes = [.. scopes.Distinct().Order()];
        if (scopes.Count == 0)
            throw new InvalidDataException("choose at least one scope");
        if (days is < 1 or > MostDays)
            throw new InvalidDataException($"a token must expire after 1 to {MostDays} days (was {days})");
        var token = Prefix + SecretToken.New();
        database.Write(connection =>
        {
            var count = connection.ExecuteScalar<long>("SELECT count(*) FROM access_token WHERE person_id = @person", new { person });
            if (count >= MostOfAPerson)
                throw new InvalidDataException($"you have {MostOfAPerson} tokens, which is the limit; revoke one that you do not need");
            var now = time.GetUtcNow();
            connection.Execute("""
                INSERT INTO access_token (person_id, name, hash, scopes, created_at, expires_at)
                VALUES (@person, @name, @hash, @scopes, @now, @until)
                """, new { person, name, hash = SecretToken.Hash(token), scopes, now, until = now.AddDays(days) });
            Append(connection, person, "token made", name, new { scopes, days });
        });
        return token;
    }

    /// <summary>Ends a token.</summary>
    /// <returns>Whether the person has such a token.</returns>
    public bool Revoke(long person, long token) => database.Write(connection =>
    {
        var name = connection.ExecuteScalar<string?>(
            "DELETE FROM access_token WHERE id = @token AND person_id = @person RETURNING name", new { token, person });
        if (name is not null)
            Append(connection, person, "token revoked", name);
        return name is not null;
    });

    /// <summary>Ends all tokens of a person.</summary>
    public void RevokeAll(long person, long by) => database.Write(connection =>
    {
        var count = connection.Execute("DELETE FROM access_token WHERE person_id = @person", new { person });
        var name = connection.ExecuteScalar<string>("SELECT name FROM person WHERE id = @person", new { person })!;
        Append(connection, by, "tokens revoked", name, new { count });
    });

    /// <summary>
    /// The person of a token and the project that they ask for; null where there is no such token, it has expired, or the person is
    /// disabled.
    /// </summary>
    /// <param name="token">The token as it was sent.</param>
    /// <param name="project">The id of the project; null where the request is about none.</param>
    public TokenAccess? Use(string token, long? project)
    {
        var now = time.GetUtcNow();
        var found = database.Read(connection =>
            connection.QuerySingleOrDefault<AccessToken>(
                $"SELECT {Columns} FROM access_token WHERE hash = @hash AND expires_at > @now",
                new { hash = SecretToken.Hash(token), now }) is { } known
            && People.Find(connection, known.Person) is { Disabled: false } person
                ? new TokenAccess(known, Access.Load(connection, person, project)) : null);
        if (found is not null && !(found.Token.UsedAt is { } used && (now - used).Duration() < UsePrecision))
            database.WriteLightly(connection => connection.Execute(
                "UPDATE access_token SET used_at = @now WHERE id = @Id", new { now, found.Token.Id }));
        return found;
    }

    void Append(DbConnection connection, long by, string action, string name, object? details = null) =>
        AuditTrail.Append(connection, time, by, null, action, name, details);
}
