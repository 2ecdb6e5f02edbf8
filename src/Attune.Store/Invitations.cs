using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>Links with which people become members of a project, with a new account or with their own.</summary>
public sealed class Invitations
{
    const string Select = """
        SELECT i.id, i.project_id AS Project, p.name AS ProjectName, i.role, i.email, i.uses_left AS UsesLeft, m.name AS MadeBy,
            i.created_at AS CreatedAt, i.expires_at AS ExpiresAt
        FROM invitation i JOIN project p ON p.id = i.project_id JOIN person m ON m.id = i.person_id
        """;

    /// <summary>The condition for those that can be used; those of a disabled person cannot.</summary>
    const string IsOpen = "i.uses_left > 0 AND i.expires_at > @now AND m.disabled = 0";

    readonly Database database;
    readonly TimeProvider time;
    readonly People people;

    internal Invitations(Database database, TimeProvider time, People people) =>
        (this.database, this.time, this.people) = (database, time, people);

    /// <summary>The invitations to a project, newest first; those that are used up or have expired too.</summary>
    public IReadOnlyList<Invitation> Of(long project) => database.Read(connection =>
        connection.Query<Invitation>($"{Select} WHERE i.project_id = @project ORDER BY i.id DESC", new { project }).AsList());

    /// <summary>The invitation of a link; null where it cannot be used.</summary>
    public Invitation? Find(string token) => database.Read(connection => Find(connection, token));

    /// <summary>Makes an invitation and returns the token of its link, which is not stored.</summary>
    /// <exception cref="InvalidDataException">An option is out of range, or the person may not invite this role.</exception>
    public (long Id, string Token) Add(long project, InvitationOptions options, Person by)
    {
        options.Check(by.Role);
        var uses = options.Email is null ? options.Uses : 1;
        var token = SecretToken.New();
        var id = database.Write(connection =>
        {
            var now = time.GetUtcNow();
            var made = connection.ExecuteScalar<long>("""
                INSERT INTO invitation (project_id, hash, role, email, uses_left, person_id, created_at, expires_at)
                VALUES (@project, @hash, @role, @email, @uses, @by, @now, @until) RETURNING id
                """, new
            {
                project, hash = SecretToken.Hash(token), role = options.Role.ToString(), email = options.Email?.ToLowerInvariant(),
                uses, by = by.Id, now, until = now.AddDays(options.Days),
            });
            Append(connection, by.Id, project, "invitation made", made, options);
            return made;
        });
        return (id, token);
    }

    /// <summary>Ends an invitation. People who have joined with it stay members.</summary>
    /// <returns>Whether the project has such an invitation.</returns>
    public bool Revoke(long project, long invitation, long by) => database.Write(connection =>
    {
        var found = connection.Execute(
            "DELETE FROM invitation WHERE id = @invitation AND project_id = @project", new { project, invitation });
        if (found > 0)
            Append(connection, by, project, "invitation revoked", invitation);
        return found > 0;
    });

    /// <summary>Makes a person a member.</summary>
    /// <param name="token">The token of the link.</param>
    /// <param name="person">The person.</param>
    /// <param name="email">Their verified e-mail address; null where none is known.</param>
    /// <returns>The project.</returns>
    /// <exception cref="InvalidDataException">The invitation cannot be used, or is for somebody else.</exception>
    public long Accept(string token, long person, string? email = null) => database.Write(connection =>
    {
        var invitation = Get(connection, token, email);
        Use(connection, invitation, person);
        return invitation.Project;
    });

    /// <summary>Makes an account with a password and makes its person a member.</summary>
    /// <param name="token">The token of the link.</param>
    /// <param name="name">The name of the account.</param>
    /// <param name="passwordHash">The hash of its password.</param>
    /// <exception cref="InvalidDataException">The invitation cannot be used, or is for somebody else, or the name is not allowed or
    /// taken.</exception>
    public Person Join(string token, string name, string passwordHash)
    {
        name = People.Checked(name);
        return database.Write(connection =>
        {
            var invitation = Get(connection, token, email: null);
            var person = people.Insert(connection, name, invitation.Role, by: null, special: null);
            connection.Execute("UPDATE person SET password = @passwordHash WHERE id = @Id", new { person.Id, passwordHash });
            Use(connection, invitation, person.Id);
            return People.Find(connection, person.Id)!;
        });
    }

    Invitation? Find(DbConnection connection, string token) => connection.QuerySingleOrDefault<Invitation>(
        $"{Select} WHERE i.hash = @hash AND {IsOpen}", new { hash = SecretToken.Hash(token), now = time.GetUtcNow() });

    /// <summary>
    /// What a person may use: the invitation of a link, which must be valid, and those for their verified e-mail address.
    /// </summary>
    /// <exception cref="InvalidDataException">The invitation of the link cannot be used, or is for somebody else.</exception>
    internal List<Invitation> Open(DbConnection connection, string? email, string? token)
    {
        List<Invitation> open = token is null ? [] : [Get(connection, token, email)];
        var addressed = connection.Query<Invitation>($"{Select} WHERE i.email = @email AND {IsOpen} ORDER BY i.id",
            new { email = email?.ToLowerInvariant(), now = time.GetUtcNow() });
        open.AddRange(addressed.Where(each => open.TrueForAll(other => other.Id != each.Id)));
        return open;
    }

    Invitation Get(DbConnection connection, string token, string? email)
    {
        var invitation = Find(connection, token) ?? throw new InvalidDataException(
            "this invitation is not valid: it has expired, was used or was revoked; ask for a new one");
        return invitation.Email is null || invitation.Email == email?.ToLowerInvariant() ? invitation : throw new InvalidDataException(
            "this invitation is for one e-mail address; sign in with the account that has this address");
    }

    /// <summary>Makes a person a member within a transaction; a member does not use up the invitation.</summary>
    internal void Use(DbConnection connection, Invitation invitation, long person)
    {
        var isNew = connection.Execute(
            "INSERT INTO member (project_id, person_id) VALUES (@Project, @person) ON CONFLICT DO NOTHING",
            new { invitation.Project, person });
        if (isNew == 0)
            return;
        connection.Execute("UPDATE invitation SET uses_left = uses_left - 1 WHERE id = @Id", new { invitation.Id });
        connection.Execute("UPDATE project SET revision = revision + 1 WHERE id = @Project", new { invitation.Project });
        Append(connection, person, invitation.Project, "joined", invitation.Id);
    }

    void Append(DbConnection connection, long by, long project, string action, long invitation, object? details = null) =>
        AuditTrail.Append(connection, time, by, project, action, $"invitation {invitation}", details);
}
