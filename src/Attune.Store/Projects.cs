using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>A set of items with settings and members.</summary>
public sealed record Project
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public required ProjectSettings Settings { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public bool Archived { get; init; }
}

/// <summary>The progress of a project.</summary>
/// <param name="Items">How many ordinary items there are.</param>
/// <param name="Done">How many of them have all the decisions that they need.</param>
/// <param name="Decisions">How many decisions there are, without skips.</param>
/// <param name="Wanted">How many decisions there will be at the end.</param>
public sealed record Progress(long Items, long Done, long Decisions, long Wanted);

/// <summary>The projects, their settings and their members.</summary>
public sealed class Projects
{
    const string Columns = "id, name, settings, created_at AS CreatedAt, archived";
    const int LongestName = 120;

    readonly Database database;
    readonly TimeProvider time;

    internal Projects(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>All projects, or those of which a person is a member.</summary>
    public IReadOnlyList<Project> All(long? member = null) => database.Read(connection => connection.Query<Project>($"""
        SELECT {Columns} FROM project p
        WHERE @member IS NULL OR EXISTS (SELECT 1 FROM member WHERE project_id = p.id AND person_id = @member) ORDER BY archived, name
        """, new { member }).AsList());

    public Project? Find(long id) => database.Read(connection =>
        connection.QuerySingleOrDefault<Project>($"SELECT {Columns} FROM project WHERE id = @id", new { id }));

    /// <exception cref="InvalidDataException">There is no such project.</exception>
    public Project Get(long id) => Find(id) ?? throw new InvalidDataException("there is no such project");

    public Project? Find(string name) => database.Read(connection =>
        connection.QuerySingleOrDefault<Project>($"SELECT {Columns} FROM project WHERE name = @name COLLATE NOCASE",
            new { name = Names.Tidy(name) }));

    /// <exception cref="InvalidDataException">The name is empty, too long or taken, or a setting is invalid.</exception>
    public Project Add(string name, ProjectSettings settings, long by)
    {
        name = Checked(name, settings);
        return database.Write(connection =>
        {
            Free(connection, name, 0);
            var id = connection.ExecuteScalar<long>(
                "INSERT INTO project (name, settings, created_at) VALUES (@name, @settings, @now) RETURNING id",
                new { name, settings, now = time.GetUtcNow() });
            AuditTrail.Append(connection, time, by, id, "project made", name, settings);
            return connection.QuerySingle<Project>($"SELECT {Columns} FROM project WHERE id = @id", new { id });
        });
    }

    /// <summary>Changes name and settings; this also updates how many annotators see each item, and the order of items.</summary>
    /// <exception cref="InvalidDataException">The name is empty, too long or taken, or a setting is invalid.</exception>
    public void Change(long id, string name, ProjectSettings settings, long by)
    {
        name = Checked(name, settings);
        database.Write(connection =>
        {
            Free(connection, name, id);
            var was = connection.QuerySingle<Project>($"SELECT {Columns} FROM project WHERE id = @id", new { id });
            connection.Execute("UPDATE project SET name = @name, settings = @settings WHERE id = @id", new { id, name, settings });
            Items.Arrange(connection, id, settings);
            AuditTrail.Append(connection, time, by, id, "settings changed", name, new { was = was.Settings, now = settings });
        });
    }

    public void Archive(long id, bool archived, long by) => database.Write(connection =>
    {
        connection.Execute("UPDATE project SET archived = @archived WHERE id = @id", new { id, archived });
        AuditTrail.Append(connection, time, by, id, archived ? "archived" : "taken out of the archive", "project");
    });

    public IReadOnlyList<long> Members(long project) => database.Read(connection =>
        connection.Query<long>("SELECT person_id FROM member WHERE project_id = @project", new { project }).AsList());

    public bool IsMember(long project, long person) => database.Read(connection => connection.ExecuteScalar<bool>(
        "SELECT EXISTS (SELECT 1 FROM member WHERE project_id = @project AND person_id = @person)", new { project, person }));

    public void SetMembers(long project, IReadOnlyCollection<long> people, long by) => database.Write(connection =>
    {
        connection.Execute("DELETE FROM member WHERE project_id = @project", new { project });
        connection.Execute("INSERT INTO member (project_id, person_id) VALUES (@project, @person)",
            people.Distinct().Select(person => new { project, person }));
        AuditTrail.Append(connection, time, by, project, "members set", "project", new { people });
    });

    public Progress Progress(long project) => database.Read(connection => connection.QuerySingle<Progress>(
        "SELECT items, done, decisions, wanted FROM progress WHERE project_id = @project", new { project }));

    static string Checked(string name, ProjectSettings settings)
    {
        var problems = settings.Problems().ToList();
        return problems.Count == 0 ? Names.Checked(name, LongestName) : throw new InvalidDataException(string.Join("\n", problems));
    }

    static void Free(SqliteConnection connection, string name, long except)
    {
        if (connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM project WHERE name = @name COLLATE NOCASE AND id <> @except)",
            new { name, except }))
            throw new InvalidDataException($"there is already a project named {name}; choose another name");
    }
}
