using System.Data.Common;
using System.Text.Json;
using Dapper;

namespace Attune.Store;

/// <summary>The norming sessions of projects.</summary>
public sealed class Normings
{
    /// <summary>The most items of a session.</summary>
    public const int MostItems = 200;

    const int LongestTitle = 120, LongestNote = 10_000;

    readonly Database database;
    readonly TimeProvider time;

    internal Normings(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>Random ordinary items that nobody has decided or has now, and that are not in an open session.</summary>
    public IReadOnlyList<long> Draw(long project, int count) => database.Read(connection => connection.Query<long>("""
        SELECT id FROM item i WHERE project_id = @project AND kind = 'Normal' AND decided = 0 AND skipped = 0 AND held = 0
            AND NOT EXISTS (SELECT 1 FROM norming_item ni JOIN norming n ON n.id = ni.norming_id
                WHERE ni.item_id = i.id AND n.closed_at IS NULL)
        ORDER BY random LIMIT @count
        """, new { project, count = Math.Clamp(count, 0, MostItems) }).AsList());

    /// <summary>Starts a session. Its items are the next ones that its people get, also those that need no other decision.</summary>
    /// <param name="project">The project.</param>
    /// <param name="by">Who starts it.</param>
    /// <param name="title">Its name.</param>
    /// <param name="people">Who takes part: two people or more.</param>
    /// <param name="items">Ordinary items of the project.</param>
    /// <returns>The id of the session.</returns>
    /// <exception cref="InvalidDataException">
    /// There is no title, there are too few people, or an item is not there or belongs to another open session.
    /// </exception>
    public long Start(Project project, long by, string title, IReadOnlyCollection<long> people, IReadOnlyCollection<long> items) =>
        database.Write(connection =>
        {
            var name = Names.Checked(title, LongestTitle);
            if (project.Archived)
                throw new InvalidDataException("this project is archived, so nobody can decide its items");
            if (items.Count is 0 or > MostItems)
                throw new InvalidDataException($"a norming session needs 1 to {MostItems} items (was {items.Count})");
            if (project.Settings.Task == TaskKind.Dialogue)
                throw new InvalidDataException("conversations have no norming sessions: everybody has their own conversations");
            MustTakePart(connection, people);
            MustBeFree(connection, project.Id, items);
            var id = connection.ExecuteScalar<long>("""
                INSERT INTO norming (project_id, title, started_by, started_at) VALUES (@Id, @name, @by, @now) RETURNING id
                """, new { project.Id, name, by, now = time.GetUtcNow() });
            connection.Execute("INSERT INTO norming_item (norming_id, item_id) VALUES (@id, @item)",
                items.Distinct().Select(item => new { id, item }));
            connection.Execute("INSERT INTO norming_person (norming_id, person_id) VALUES (@id, @person)",
                people.Distinct().Select(person => new { id, person }));
            AuditTrail.Append(connection, time, by, project.Id, "norming session started", name, new { id, people, items });
            CloseComplete(connection, time, items.First());
            return id;
        });

    static void MustTakePart(DbConnection connection, IReadOnlyCollection<long> people)
    {
        var known = connection.Query<long>("SELECT id FROM person WHERE disabled = 0").ToHashSet();
        if (people.Distinct().Count() < 2)
            throw new InvalidDataException("a norming session needs two people or more");
        if (!known.IsSupersetOf(people))
            throw new InvalidDataException("somebody of the session cannot sign in any longer; reload the page");
    }

    static void MustBeFree(DbConnection connection, long project, IReadOnlyCollection<long> items)
    {
        foreach (var item in items)
        {
            var (kind, taken) = connection.QuerySingleOrDefault<(string?, long)>("""
                SELECT i.kind, (SELECT count(*) FROM norming_item ni JOIN norming n ON n.id = ni.norming_id
                    WHERE ni.item_id = i.id AND n.closed_at IS NULL)
                FROM item i WHERE i.id = @item AND i.project_id = @project
                """, new { item, project });
            if (kind != nameof(ItemKind.Normal))
                throw new InvalidDataException($"there is no ordinary item {item} in this project");
            if (taken > 0)
                throw new InvalidDataException($"item {item} belongs to another open norming session; close that one first");
        }
    }

    /// <summary>Ends the blind part of a session: everybody sees the decisions. Closing it again changes nothing.</summary>
    public void Close(long project, long id, long by) => database.Write(connection =>
    {
        if (Load(connection, project, id) is not null)
            Close(connection, time, project, id, by);
    });

    /// <summary>
    /// Closes the open sessions with an item, of which everybody has decided everything, except what a reviewer gave to another person.
    /// </summary>
    internal static void CloseComplete(DbConnection connection, TimeProvider time, long item)
    {
        foreach (var (id, project) in connection.Query<(long, long)>($"""
            SELECT n.id, n.project_id FROM norming_item own JOIN norming n ON n.id = own.norming_id
            WHERE own.item_id = @item AND n.closed_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM norming_item ni JOIN norming_person np ON np.norming_id = ni.norming_id
                WHERE ni.norming_id = n.id AND NOT EXISTS (SELECT 1 FROM decision d
                    WHERE d.item_id = ni.item_id AND d.person_id = np.person_id AND d.adjudicates = 0)
                AND NOT EXISTS (SELECT 1 FROM review r WHERE r.item_id = ni.item_id AND r.person_id = np.person_id
                    AND {Reviews.IsGivenAway}))
            """, new { item }).AsList())
            Close(connection, time, project, id, by: null);
    }

    static void Close(DbConnection connection, TimeProvider time, long project, long id, long? by)
    {
        var closed = connection.Execute("UPDATE norming SET closed_at = @now WHERE id = @id AND closed_at IS NULL",
            new { id, now = time.GetUtcNow() });
        if (closed == 0)
            return;
        connection.Execute("INSERT INTO norming_decision (norming_id, item_id, person_id, decision) VALUES (@id, @Item, @Person, @json)",
            Decisions(connection, id).Select(decision => new { id, decision.Item, decision.Person, json = SqlTypes.ToJson(decision) })
                .ToList());
        AuditTrail.Append(connection, time, by, project, "norming session closed", $"session {id}");
    }

    /// <summary>The sessions of a project, or those in which a person takes part, newest first.</summary>
    public IReadOnlyList<Norming> All(long project, long? person = null) => database.Read(connection => connection.Query<long>("""
        SELECT n.id FROM norming n WHERE n.project_id = @project AND (@person IS NULL OR EXISTS (
            SELECT 1 FROM norming_person np WHERE np.norming_id = n.id AND np.person_id = @person))
        ORDER BY n.id DESC
        """, new { project, person }).Select(id => Load(connection, project, id)!).ToList());

    public Norming? Find(long project, long id) => database.Read(connection => Load(connection, project, id));

    static Norming? Load(DbConnection connection, long project, long id)
    {
        var norming = connection.QuerySingleOrDefault<Norming>("""
            SELECT id, title, started_at AS StartedAt, closed_at IS NOT NULL AS IsClosed FROM norming
            WHERE id = @id AND project_id = @project
            """, new { id, project });
        return norming is null ? null : norming with
        {
            Items = connection.Query<long>("SELECT item_id FROM norming_item WHERE norming_id = @id ORDER BY item_id", new { id }).AsList(),
            People = connection.Query<(long Person, int Decided)>("""
                SELECT np.person_id, (SELECT count(*) FROM norming_item ni JOIN decision d ON d.item_id = ni.item_id
                    WHERE ni.norming_id = np.norming_id AND d.person_id = np.person_id AND d.adjudicates = 0)
                FROM norming_person np WHERE np.norming_id = @id
                """, new { id }).ToDictionary(person => person.Person, person => person.Decided),
        };
    }

    /// <summary>The decisions of a closed session when it was closed; none while it is open.</summary>
    public IReadOnlyList<Annotation> Before(long id) => database.Read(connection => connection.Query<string>(
        "SELECT decision FROM norming_decision WHERE norming_id = @id ORDER BY item_id, person_id", new { id })
            .Select(json => JsonSerializer.Deserialize<Annotation>(json, SqlTypes.Json)!).ToList());

    /// <summary>The decisions as they are now.</summary>
    public IReadOnlyList<Annotation> Now(long id) => database.Read(connection => Decisions(connection, id));

    static List<Annotation> Decisions(DbConnection connection, long id) => Annotations.Read(connection, """
        adjudicates = 0 AND item_id IN (SELECT item_id FROM norming_item WHERE norming_id = @id)
        AND person_id IN (SELECT person_id FROM norming_person WHERE norming_id = @id) ORDER BY item_id, person_id
        """, new { id }).AsList();

    /// <summary>What people wrote about the items, oldest first.</summary>
    public IReadOnlyList<NormingNote> Notes(long id) => database.Read(connection => connection.Query<NormingNote>("""
        SELECT item_id AS Item, person_id AS Person, text, written_at AS At FROM norming_note WHERE norming_id = @id ORDER BY id
        """, new { id }).AsList());

    /// <exception cref="InvalidDataException">The text is empty or too long, or the item is not of this session.</exception>
    public void AddNote(long project, long id, long item, long person, string text) => database.Write(connection =>
    {
        var note = text.Trim();
        if (note.Length is 0 or > LongestNote)
            throw new InvalidDataException($"a note must have 1 to {LongestNote:N0} characters (has {note.Length:N0})");
        if (Load(connection, project, id) is not { IsClosed: true } norming || !norming.Items.Contains(item))
            throw new InvalidDataException("notes can be written about the items of a closed norming session only");
        connection.Execute("""
            INSERT INTO norming_note (norming_id, item_id, person_id, text, written_at) VALUES (@id, @item, @person, @note, @now)
            """, new { id, item, person, note, now = time.GetUtcNow() });
        AuditTrail.Append(connection, time, person, project, "wrote a note", $"item {item}", new { norming = id, note });
    });
}
