using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>
/// Accounts at an OpenID Connect provider and the people who sign in with them. Issuer and subject identify an account, as an e-mail
/// address can change and get another owner. https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
/// </summary>
public sealed class Identities
{
    readonly Database database;
    readonly TimeProvider time;
    readonly People people;
    readonly Invitations invitations;

    internal Identities(Database database, TimeProvider time, People people, Invitations invitations) =>
        (this.database, this.time, this.people, this.invitations) = (database, time, people, invitations);

    /// <summary>
    /// The person of an account at the provider, who is created where the options allow it, and joins the projects to which they are
    /// invited.
    /// </summary>
    /// <param name="identity">The account.</param>
    /// <param name="unknown">What happens to people who have no account in the studio; those with a role by their groups get one.</param>
    /// <param name="usesGroups">Whether roles come from groups. A person whose role came from a group is refused when they are in none any
    /// more.</param>
    /// <param name="invitation">The token of the invitation with which they started; null without one.</param>
    /// <returns>The person, and the project that they joined; null where they joined none.</returns>
    /// <exception cref="InvalidDataException">The person may not sign in.</exception>
    public (Person Person, long? Project) SignIn(
        ExternalIdentity identity, UnknownPeople unknown, bool usesGroups = false, string? invitation = null) =>
        database.Write(connection =>
    {
        var open = invitations.Open(connection, identity.Email, invitation);
        var id = PersonOf(connection, identity) is var (known, byGroup) ? Returning(connection, identity, known, usesGroups && byGroup)
            : Add(connection, identity, unknown, open);
        foreach (var each in open)
            invitations.Use(connection, each, id);
        return (People.Find(connection, id)!, open.Count > 0 ? open[0].Project : (long?)null);
    });

    /// <summary>Lets a person sign in with an account at the provider.</summary>
    /// <exception cref="InvalidDataException">Another person signs in with it.</exception>
    public void Link(long person, ExternalIdentity identity) => database.Write(connection =>
    {
        if (PersonOf(connection, identity) is var (other, _))
        {
            if (other != person)
                throw new InvalidDataException("another person of this studio signs in with this account of the provider");
            return;
        }
        Insert(connection, identity, person, byGroup: false);
        Append(connection, person, "provider linked", identity);
    });

    /// <summary>Ends signing in with the provider for a person who has a password or a personal link.</summary>
    /// <exception cref="InvalidDataException">The person could not sign in any more.</exception>
    public void Unlink(long person) => database.Write(connection =>
    {
        if (People.Find(connection, person) is not { HasPassword: true } and not { HasLink: true })
            throw new InvalidDataException("set a password first: without it you could not sign in any more");
        connection.Execute("DELETE FROM identity WHERE person_id = @person", new { person });
        AuditTrail.Append(connection, time, person, null, "provider unlinked", People.Find(connection, person)!.Name);
    });

    static (long Person, bool ByGroup)? PersonOf(DbConnection connection, ExternalIdentity identity) =>
        connection.QuerySingleOrDefault<(long, bool)?>(
            "SELECT person_id, by_group FROM identity WHERE issuer = @Issuer AND subject = @Subject",
            new { identity.Issuer, identity.Subject });

    long Returning(DbConnection connection, ExternalIdentity identity, long id, bool neededGroup)
    {
        var person = People.Find(connection, id)!;
        if (person.Disabled)
            throw new InvalidDataException("your account in this studio is disabled; ask an owner of the studio");
        if (identity.Role is { } role)
        {
            people.SetRoleByGroup(connection, person, role);
            connection.Execute("UPDATE identity SET by_group = 1 WHERE issuer = @Issuer AND subject = @Subject",
                new { identity.Issuer, identity.Subject });
        }
        else if (neededGroup)
            throw new InvalidDataException("you are in none of the groups any more that may use this studio; ask an owner of the studio");
        return id;
    }

    long Add(DbConnection connection, ExternalIdentity identity, UnknownPeople unknown, List<Invitation> open)
    {
        var role = identity.Role
            ?? (unknown == UnknownPeople.Refuse ? null : open.Count > 0 ? open.Max(invitation => invitation.Role)
            : unknown == UnknownPeople.Annotator ? Role.Annotator : (Role?)null)
            ?? throw new InvalidDataException("you have no account in this studio; ask an owner of the studio for an invitation");
        var person = people.Insert(connection, People.FreeName(connection, identity.Name), role, by: null, special: null).Id;
        Insert(connection, identity, person, identity.Role is not null);
        Append(connection, person, "provider linked", identity);
        return person;
    }

    void Insert(DbConnection connection, ExternalIdentity identity, long person, bool byGroup) => connection.Execute("""
        INSERT INTO identity (issuer, subject, person_id, by_group, created_at) VALUES (@Issuer, @Subject, @person, @byGroup, @now)
        """, new { identity.Issuer, identity.Subject, person, byGroup = byGroup ? 1 : 0, now = time.GetUtcNow() });

    void Append(DbConnection connection, long person, string action, ExternalIdentity identity) =>
        AuditTrail.Append(connection, time, person, null, action, People.Find(connection, person)!.Name,
            new { identity.Issuer, identity.Subject });
}
