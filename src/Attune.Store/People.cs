using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>Who may sign in, and how. Passwords and links are kept only as hashes.</summary>
public sealed class People
{
    const string Columns =
        "id, name, role, session, password IS NOT NULL AS HasPassword, link IS NOT NULL AS HasLink, "
        + "EXISTS (SELECT 1 FROM identity WHERE person_id = person.id) AS HasProvider, disabled, special, created_at AS CreatedAt";

    /// <summary>The condition for people who have a way to sign in.</summary>
    const string CanSignIn = "disabled = 0 AND (password IS NOT NULL OR link IS NOT NULL "
        + "OR EXISTS (SELECT 1 FROM identity WHERE person_id = person.id))";

    /// <summary>The most characters of a name.</summary>
    public const int LongestName = 80;

    static readonly Dictionary<SpecialPerson, string> ReservedNames = new()
    {
        [SpecialPerson.Imported] = "imported", [SpecialPerson.Local] = "You",
    };

    readonly Database database;
    readonly TimeProvider time;

    internal People(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    public IReadOnlyList<Person> All() =>
        database.Read(connection => connection.Query<Person>($"SELECT {Columns} FROM person ORDER BY name").AsList());

    public Person? Find(long id) => database.Read(connection => Find(connection, id));

    internal static Person? Find(DbConnection connection, long id) =>
        connection.QuerySingleOrDefault<Person>($"SELECT {Columns} FROM person WHERE id = @id", new { id });

    /// <summary>The person with a name, in upper or lower case.</summary>
    public Person? Find(string name) => database.Read(connection =>
        connection.QuerySingleOrDefault<Person>($"SELECT {Columns} FROM person WHERE name = @name", new { name = Names.Tidy(name) })
            ?? connection.Query<Person>($"SELECT {Columns} FROM person ORDER BY id").FirstOrDefault(person =>
                string.Equals(person.Name, Names.Tidy(name), StringComparison.OrdinalIgnoreCase)));

    /// <summary>An account that the program itself creates; null where there is none yet.</summary>
    public Person? Find(SpecialPerson special) => database.Read(connection => Find(connection, special));

    /// <summary>Whether anybody has a way to sign in; until then a single person on the same machine needs none.</summary>
    public bool AnyoneCanSignIn() => database.Read(connection =>
        connection.ExecuteScalar<bool>($"SELECT EXISTS (SELECT 1 FROM person WHERE {CanSignIn})"));

    /// <exception cref="InvalidDataException">The name is empty, too long, taken or reserved.</exception>
    public Person Add(string name, Role role, long? by = null)
    {
        name = Checked(name);
        return database.Write(connection => Insert(connection, name, role, by, special: null));
    }

    /// <summary>The person at this machine in a studio without accounts: an owner named You until they choose a name.</summary>
    public Person Local() => Special(SpecialPerson.Local, Role.Owner, by: null);

    /// <summary>The account that holds imported decisions.</summary>
    internal Person Imported(long by) => Special(SpecialPerson.Imported, Role.Annotator, by);

    /// <summary>The account of a model that compares responses; created if there is none with this name.</summary>
    /// <exception cref="InvalidDataException">The name is not allowed, or a person has it.</exception>
    public Person Judge(string name, long by)
    {
        name = Checked(name);
        return database.Write(connection =>
            connection.QuerySingleOrDefault<Person>(
                $"SELECT {Columns} FROM person WHERE name = @name AND special = 'Judge'", new { name })
            ?? Insert(connection, name, Role.Annotator, by, SpecialPerson.Judge));
    }

    Person Special(SpecialPerson special, Role role, long? by) =>
        Find(special) ?? database.Write(connection =>
            Find(connection, special) ?? Insert(connection, ReservedNames[special], role, by, special));

    internal static Person? Find(DbConnection connection, SpecialPerson special) => connection.QuerySingleOrDefault<Person>(
        $"SELECT {Columns} FROM person WHERE special = @special", new { special = special.ToString() });

    internal Person Insert(DbConnection connection, string name, Role role, long? by, SpecialPerson? special)
    {
        Free(connection, name, 0);
        var id = connection.ExecuteScalar<long>("""
            INSERT INTO person (name, role, session, disabled, special, created_at)
            VALUES (@name, @role, @session, @disabled, @special, @now) RETURNING id
            """, new
        {
            name, role = role.ToString(), session = SecretToken.New(), disabled = special is SpecialPerson.Imported or SpecialPerson.Judge,
            special = special?.ToString(), now = time.GetUtcNow(),
        });
        AppendAudit(connection, by ?? id, "person added", name, new { role });
        return Find(connection, id)!;
    }

    /// <exception cref="InvalidDataException">The name is not allowed, or it is reserved.</exception>
    internal static string Checked(string name)
    {
        name = Names.Checked(name, LongestName);
        return ReservedNames.Values.Any(reserved => Names.Key(reserved) == Names.Key(name))
            ? throw new InvalidDataException($"the name {name} is reserved; choose another name") : name;
    }

    /// <summary>A name that is allowed and free: the given one, with a number where it is taken.</summary>
    internal static string FreeName(DbConnection connection, string name)
    {
        var allowed = IsAllowed(name) ? Checked(name) : "Person";
        var taken = connection.Query<string>("SELECT name FROM person").Select(Names.Key).ToHashSet(StringComparer.Ordinal);
        return Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? allowed : $"{allowed} {number}")
            .First(candidate => !taken.Contains(Names.Key(candidate)));

        static bool IsAllowed(string name)
        {
            try
            {
                return Checked(name).Length < LongestName - 10;
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
    }

    /// <exception cref="InvalidDataException">The name is empty, too long, or taken or reserved.</exception>
    public void Rename(long id, string name)
    {
        name = Checked(name);
        database.Write(connection =>
        {
            Free(connection, name, id);
            connection.Execute("UPDATE person SET name = @name WHERE id = @id", new { id, name });
            AppendAudit(connection, id, "renamed", name);
        });
    }

    /// <summary>
    /// Makes a new personal link and returns its token, which is not stored. The old link, the password and all sessions end, so that
    /// somebody who forgot the password can set a new one.
    /// </summary>
    public string NewLink(long id, long? by = null)
    {
        var token = SecretToken.New();
        Change(id, by, "link made", "link = @value, password = NULL", SecretToken.Hash(token));
        return token;
    }

    public void RemoveLink(long id, long by) => Change(id, by, "link removed", "link = @value", null);

    /// <param name="id">The person.</param>
    /// <param name="hash">A hash from <see cref="PasswordHash"/>.</param>
    /// <param name="by">Who set it.</param>
    public void SetPassword(long id, string hash, long? by = null) => Change(id, by, "password set", "password = @value", hash);

    /// <summary>Ends all sessions of a person.</summary>
    public void EndSessions(long id) => Change(id, null, "signed out everywhere", "id = @value", id);

    /// <summary>Ends one session.</summary>
    /// <param name="session">Its id.</param>
    /// <param name="lifetime">How long its cookie is valid, for which the store keeps that it ended.</param>
    public void EndSession(string session, TimeSpan lifetime) => database.Write(connection =>
    {
        var now = time.GetUtcNow();
        connection.Execute("DELETE FROM ended_session WHERE until < @now", new { now });
        connection.Execute("INSERT INTO ended_session (id, until) VALUES (@session, @until) ON CONFLICT DO NOTHING",
            new { session, until = now + lifetime });
    });

    /// <summary>
    /// The person of a session and the project that they ask for, as one state of the store has them; null where the session has ended, or
    /// the person is disabled.
    /// </summary>
    /// <param name="id">The person.</param>
    /// <param name="stamp">The <see cref="Person.Session"/> with which the session began.</param>
    /// <param name="session">The id of the session.</param>
    /// <param name="project">The id of the project; null where the request is about none.</param>
    public Access? OfSession(long id, string stamp, string session, long? project = null) => database.Read(connection =>
        connection.QuerySingleOrDefault<Person>($"""
            SELECT {Columns} FROM person WHERE id = @id AND session = @stamp AND disabled = 0
                AND NOT EXISTS (SELECT 1 FROM ended_session WHERE id = @session)
            """, new { id, stamp, session }) is { } person ? Access.Load(connection, person, project) : null);

    /// <summary>A person and the project that they ask for.</summary>
    /// <param name="person">The person.</param>
    /// <param name="project">The id of the project; null where the request is about none.</param>
    public Access AccessOf(Person person, long? project) => database.Read(connection => Access.Load(connection, person, project));

    /// <exception cref="InvalidDataException">No owner who can sign in would be left.</exception>
    public void SetRole(long id, Role role, long by) => Change(id, by, $"role set to {role}", "role = @value",
        Enum.IsDefined(role) ? role.ToString() : throw new InvalidDataException("the role must be owner, reviewer or annotator"),
        person => person.Role == role);

    /// <summary>Sets the role that a provider's groups give, within a transaction; the last owner stays one.</summary>
    internal void SetRoleByGroup(DbConnection connection, Person person, Role role)
    {
        if (person.Role == role)
            return;
        connection.Execute("UPDATE person SET role = @role, session = @session WHERE id = @Id",
            new { person.Id, role = role.ToString(), session = SecretToken.New() });
        if (person.Role == Role.Owner && !HasOwner(connection))
            connection.Execute("UPDATE person SET role = 'Owner' WHERE id = @Id", new { person.Id });
        else
            AppendAudit(connection, person.Id, $"role set to {role}", person.Name, new { by = "groups of the provider" });
    }

    /// <exception cref="InvalidDataException">No owner who can sign in would be left.</exception>
    public void Disable(long id, bool disabled, long by) =>
        Change(id, by, disabled ? "disabled" : "enabled", "disabled = @value", disabled ? 1 : 0, person => person.Disabled == disabled);

    /// <summary>The stored hash of a person's password; null where there is none or the person is disabled.</summary>
    public string? PasswordHash(long id) => database.Read(connection =>
        connection.ExecuteScalar<string?>("SELECT password FROM person WHERE id = @id AND disabled = 0", new { id }));

    /// <summary>The person whose personal link has this token.</summary>
    public Person? OfLink(string token) => database.Read(connection =>
        connection.QuerySingleOrDefault<Person>($"SELECT {Columns} FROM person WHERE link = @hash AND disabled = 0",
            new { hash = SecretToken.Hash(token) }));

    static void Free(DbConnection connection, string name, long except)
    {
        var key = Names.Key(name);
        if (connection.Query<string>("SELECT name FROM person WHERE id <> @except", new { except })
            .FirstOrDefault(other => Names.Key(other) == key) is { } taken)
            throw new InvalidDataException($"there is already a person named {taken}; choose another name");
    }

    /// <summary>Changes an account and ends its sessions; does nothing where <paramref name="isSet"/> returns true.</summary>
    void Change(long id, long? by, string action, string assignment, object? value, Func<Person, bool>? isSet = null) =>
        database.Write(connection =>
    {
        var person = Find(connection, id) ?? throw new InvalidDataException("there is no such person");
        if (person.Special is SpecialPerson.Imported or SpecialPerson.Judge)
            throw new InvalidDataException($"{person.Name} is not a person who can sign in: the account holds "
                + (person.Special == SpecialPerson.Judge ? "the votes of a model" : "imported decisions"));
        if (isSet?.Invoke(person) == true)
            return;
        var hadOwner = HasOwner(connection);
        connection.Execute($"UPDATE person SET {assignment}, session = @session WHERE id = @id",
            new { id, value, session = SecretToken.New() });
        if (hadOwner && !HasOwner(connection))
            throw new InvalidDataException("at least one owner must be able to sign in; make somebody else an owner first");
        AppendAudit(connection, by ?? id, action, person.Name);
    });

    /// <summary>Appends to the audit trail that a person has signed in.</summary>
    /// <param name="person">The person.</param>
    /// <param name="with">What they signed in with, such as "password".</param>
    public void SignedIn(Person person, string with) =>
        database.Write(connection => AppendAudit(connection, person.Id, "signed in", person.Name, new { with }));

    static bool HasOwner(DbConnection connection) => connection.ExecuteScalar<bool>(
        $"SELECT EXISTS (SELECT 1 FROM person WHERE role = 'Owner' AND {CanSignIn})");

    void AppendAudit(DbConnection connection, long by, string action, string name, object? details = null) =>
        AuditTrail.Append(connection, time, by, null, action, name, details);
}
