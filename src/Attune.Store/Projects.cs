using System.Data.Common;
using Attune.Store.Import;
using Dapper;

namespace Attune.Store;

/// <summary>A set of items with settings and members.</summary>
public sealed record Project
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public required ProjectSettings Settings { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public bool Archived { get; init; }

    /// <summary>Grows with every change of settings and members.</summary>
    public long Revision { get; init; }
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
    const string Columns = "id, name, settings, created_at AS CreatedAt, archived, revision";
    const int LongestName = 120;

    readonly Database database;
    readonly TimeProvider time;

    internal Projects(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>All projects, or those of which a person is a member.</summary>
    public IReadOnlyList<Project> All(long? member = null) => database.Read(connection => connection.Query<Project>($"""
        SELECT {Columns} FROM project p
        WHERE @member IS NULL OR EXISTS (SELECT 1 FROM member WHERE project_id = p.id AND person_id = @member) ORDER BY archived, name
        """, new { member }).AsList());

    public Project? Find(long id) => database.Read(connection => Find(connection, id));

    internal static Project? Find(DbConnection connection, long id) =>
        connection.QuerySingleOrDefault<Project>($"SELECT {Columns} FROM project WHERE id = @id", new { id });

    /// <exception cref="InvalidDataException">There is no such project.</exception>
    public Project Get(long id) => Find(id) ?? throw new InvalidDataException("there is no such project");

    public Project? Find(string name) => database.Read(connection =>
        connection.QuerySingleOrDefault<Project>($"SELECT {Columns} FROM project WHERE name = @name COLLATE NOCASE",
            new { name = Names.Tidy(name) }));

    /// <exception cref="InvalidDataException">The name is empty, too long or taken, or a setting is invalid.</exception>
    public Project Add(string name, ProjectSettings settings, long by)
    {
        name = Checked(name, settings);
        return database.Write(connection => Load(connection, Insert(connection, name, settings, by, time)));
    }

    /// <param name="connection">The connection that writes.</param>
    /// <param name="name">A name that <see cref="Checked"/> returned.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="by">Who creates it.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The id.</returns>
    /// <exception cref="InvalidDataException">The name is taken.</exception>
    internal static long Insert(DbConnection connection, string name, ProjectSettings settings, long by, TimeProvider time)
    {
        Free(connection, name, 0);
        var id = connection.ExecuteScalar<long>(
            "INSERT INTO project (name, settings, created_at) VALUES (@name, @settings, @now) RETURNING id",
            new { name, settings, now = time.GetUtcNow() });
        AuditTrail.Append(connection, time, by, id, "project made", name, settings);
        return id;
    }

    /// <summary>Changes name and settings; this also updates how many annotators see each item, and the order of items.</summary>
    /// <param name="id">The project.</param>
    /// <param name="name">Its name.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="by">Who changes them.</param>
    /// <param name="seen">The <see cref="Project.Revision"/> that was edited; a newer one is not changed. Null changes any.</param>
    /// <exception cref="InvalidDataException">
    /// The name is empty, too long or taken, a setting is invalid, the task or a scale is another one although there are decisions, items
    /// do not fit the task, or the settings were changed in the meantime.
    /// </exception>
    public void Change(long id, string name, ProjectSettings settings, long by, long? seen = null)
    {
        name = Checked(name, settings);
        database.Write(connection =>
        {
            Free(connection, name, id);
            var was = Load(connection, id, seen);
            MustFit(connection, was, settings);
            connection.Execute("""
                UPDATE project SET name = @name, settings = @settings, revision = revision + 1, unarranged = unarranged + 1 WHERE id = @id
                """, new { id, name, settings });
            AuditTrail.Append(connection, time, by, id, "settings changed", name, new { was = was.Settings, now = settings });
        });
        Items.Arrange(database, id);
    }

    /// <exception cref="InvalidDataException">There is no such project, or it has a newer revision.</exception>
    static Project Load(DbConnection connection, long id, long? seen = null)
    {
        var project = Find(connection, id)
            ?? throw new InvalidDataException("there is no such project");
        return seen is null || seen == project.Revision ? project : throw new InvalidDataException(
            "the settings of this project were changed in another window in the meantime; reload the page and change them there");
    }

    public bool HasDecisions(long id) => database.Read(connection => HasDecisions(connection, id));

    static bool HasDecisions(DbConnection connection, long id) =>
        connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM decision WHERE project_id = @id)", new { id });

    /// <summary>Decisions would mean something else under another task or scale.</summary>
    static void MustFit(DbConnection connection, Project was, ProjectSettings now)
    {
        var changes = (was.Settings.Task, was.Settings.StrengthLevels, was.Settings.RatingLevels)
            != (now.Task, now.StrengthLevels, now.RatingLevels) || !Further(was.Settings).SequenceEqual(Further(now));
        if (changes && Imports.IsInProgress(connection, was.Id))
            throw new InvalidDataException(
                "items are being imported into this project; change its task and its scales when the import is complete");
        if (changes && HasDecisions(connection, was.Id))
            throw new InvalidDataException(
                "this project has decisions, so its task, scales and questions cannot change: the decisions would mean something else; "
                + "create another project and import the items there");
        var (least, most) = Items.AnswersOf(now.Task);
        var misfits = was.Settings.Task == now.Task ? 0 : connection.ExecuteScalar<long>("""
            SELECT count(*) FROM item i WHERE project_id = @Id
              AND (SELECT count(*) FROM answer a WHERE a.item_id = i.id) NOT BETWEEN @least AND @most
            """, new { was.Id, least, most });
        if (misfits > 0)
            throw new InvalidDataException(
                $"{misfits:N0} items of this project do not have the {Items.Range(least, most)} answers that the task '{now.Task}' needs; "
                + "create another project for them");
    }

    /// <summary>The keys of the questions after the first, which may get a key later. Texts may change.</summary>
    static IEnumerable<string> Further(ProjectSettings settings) => settings.Questions.Skip(1).Select(question => question.Key);

    public void Archive(long id, bool archived, long by) => database.Write(connection =>
    {
        _ = Load(connection, id);
        connection.Execute("UPDATE project SET archived = @archived WHERE id = @id", new { id, archived });
        AuditTrail.Append(connection, time, by, id, archived ? "archived" : "taken out of the archive", "project");
    });

    public IReadOnlyList<long> Members(long project) => database.Read(connection =>
        connection.Query<long>("SELECT person_id FROM member WHERE project_id = @project", new { project }).AsList());

    public bool IsMember(long project, long person) => database.Read(connection => IsMember(connection, project, person));

    internal static bool IsMember(DbConnection connection, long project, long person) => connection.ExecuteScalar<bool>(
        "SELECT EXISTS (SELECT 1 FROM member WHERE project_id = @project AND person_id = @person)", new { project, person });

    /// <param name="project">The project.</param>
    /// <param name="people">All members from now on.</param>
    /// <param name="by">Who changes them.</param>
    /// <param name="seen">As in <see cref="Change"/>.</param>
    /// <exception cref="InvalidDataException">
    /// There is no such project or person, or the settings were changed in the meantime.
    /// </exception>
    public void SetMembers(long project, IReadOnlyCollection<long> people, long by, long? seen = null) => database.Write(connection =>
    {
        _ = Load(connection, project, seen);
        var known = connection.Query<long>("SELECT id FROM person").ToHashSet();
        if (!known.IsSupersetOf(people))
            throw new InvalidDataException($"there is no person {people.First(person => !known.Contains(person))}; reload the page");
        connection.Execute("DELETE FROM member WHERE project_id = @project", new { project });
        connection.Execute("INSERT INTO member (project_id, person_id) VALUES (@project, @person)",
            people.Distinct().Select(person => new { project, person }));
        connection.Execute("UPDATE project SET revision = revision + 1 WHERE id = @project", new { project });
        AuditTrail.Append(connection, time, by, project, "members set", "project", new { people });
    });

    /// <exception cref="InvalidDataException">There is no such project.</exception>
    public Progress Progress(long project) => database.Read(connection => connection.QuerySingleOrDefault<Progress>(
        "SELECT items, done, decisions, wanted FROM progress WHERE project_id = @project", new { project })
            ?? throw new InvalidDataException("there is no such project"));

    /// <summary>
    /// The progress that annotators see. Attention checks count like other items: a count that did not change would reveal them. The total
    /// includes the number of checks that are mixed in on average, which does not depend on the decisions.
    /// </summary>
    public Progress ProgressWithChecks(Project project)
    {
        var progress = Progress(project.Id);
        var every = project.Settings.CheckEvery;
        var (most, checks) = database.Read(connection => connection.QuerySingle<(long, long)>("""
            SELECT count(*) * (SELECT count(*) FROM person WHERE disabled = 0), coalesce(sum((SELECT count(*) FROM decision d
                WHERE d.item_id = i.id AND d.adjudicates = 0 AND d.outcome <> 'Skipped')), 0)
            FROM item i WHERE i.project_id = @project AND i.kind = 'Check' AND i.kind <> 'Normal'     -- the index item_known
            """, new { project = project.Id }));
        var wanted = progress.Wanted + (every > 0 ? Math.Min(most, (progress.Wanted + every - 1) / every) : 0);
        var decided = progress.Decisions >= progress.Wanted ? wanted : Math.Min(progress.Decisions + checks, wanted - 1);
        return progress with { Decisions = decided, Wanted = wanted };
    }

    /// <summary>The name of a project without spaces around it.</summary>
    /// <exception cref="InvalidDataException">The name is empty or too long, or a setting is invalid.</exception>
    public static string Checked(string name, ProjectSettings settings)
    {
        var problems = settings.Problems().ToList();
        return problems.Count == 0 ? Names.Checked(name, LongestName) : throw new InvalidDataException(string.Join("\n", problems));
    }

    static void Free(DbConnection connection, string name, long except)
    {
        var key = Names.Key(name);
        if (connection.Query<string>("SELECT name FROM project WHERE id <> @except", new { except })
            .FirstOrDefault(other => Names.Key(other) == key) is { } taken)
            throw new InvalidDataException($"there is already a project named {taken}; choose another name");
    }
}
