using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;

namespace Attune.Store;

/// <summary>An item that is assigned to an annotator.</summary>
/// <param name="Item">The id of the item.</param>
/// <param name="Kind">The kind, which the annotator is not shown.</param>
/// <param name="Token">Identifies this assignment; the annotation carries it.</param>
/// <param name="Prompt">A JSON text, or a list of messages.</param>
/// <param name="Answers">The responses in the order in which they are shown.</param>
/// <param name="Shown">The place of each response in the order shown.</param>
public sealed record AssignedItem(long Item, ItemKind Kind, string Token, JsonNode Prompt, IReadOnlyList<JsonNode> Answers,
    IReadOnlyList<int> Shown)
{
    /// <summary>The review that sent the item back to the annotator; null for an item that was not sent back.</summary>
    public Review? Returned { get; init; }

    internal static AssignedItem Create(Item item, string token, IReadOnlyList<int> shown) =>
        new(item.Id, item.Kind, token, item.Prompt, [.. shown.Select(place => item.Answers[place].Text)], shown);
}

/// <summary>Whether there are items for an annotator.</summary>
public enum QueueState
{
    /// <summary>There are items.</summary>
    Open,

    /// <summary>Nothing is left, or all remaining items are assigned to others.</summary>
    Done,

    /// <summary>Too little of the calibration round was right.</summary>
    NotCalibrated,
}

/// <summary>The next items of an annotator.</summary>
public sealed record Assignment(QueueState State, IReadOnlyList<AssignedItem> Items);

/// <summary>Assigns items, each to as many annotators as needed, and reserves it for them for some time.</summary>
public sealed class Queue
{
    readonly Database database;
    readonly TimeProvider time;

    internal Queue(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>
    /// The items assigned to an annotator, plus new ones up to a count: first the calibration round, then ordinary items, with occasional
    /// attention checks. Another call returns the same items, so a page may be reloaded.
    /// </summary>
    public Assignment Next(Project project, long person, int count) =>
        HasEnded(project) ? Ended : database.WriteLightly(connection => Assign(connection, project, person, count));

    /// <summary>Like <see cref="Next"/>, without a thread that waits.</summary>
    public async Task<Assignment> NextAsync(Project project, long person, int count) =>
        HasEnded(project) ? Ended : await database.WriteLightlyAsync(connection => Assign(connection, project, person, count));

    /// <remarks>The turns of a conversation are items too, but only its own person may see them.</remarks>
    static bool HasEnded(Project project) => project.Archived || project.Settings.Task == TaskKind.Dialogue;

    static Assignment Ended => new(QueueState.Done, []);

    Assignment Assign(DbConnection connection, Project project, long person, int count)
    {
        var ask = new Assigner(connection, project, person, time.GetUtcNow());
        ask.EndLeases();
        var held = ask.Held();
        while (held.Count < count && ask.Draw(held) is { } item)
            held.Add(ask.Lease(item));
        return new(held.Count > 0 ? QueueState.Open : ask.State, held);
    }

    sealed class Assigner(DbConnection connection, Project project, long person, DateTimeOffset now)
    {
        /// <summary>Reloading a page extends its leases, but not every time.</summary>
        static readonly TimeSpan Renewal = TimeSpan.FromMinutes(1);

        readonly DateTimeOffset until = now.AddMinutes(project.Settings.LeaseMinutes);

        public QueueState State { get; private set; } = QueueState.Done;

        /// <summary>
        /// Ends expired leases of all annotators, which makes their items available to others, except of items that a reviewer sent back;
        /// and leases of this project that would last longer than a new one, which were given before the clock was set back or the setting
        /// was lowered.
        /// </summary>
        public void EndLeases()
        {
            connection.Execute("UPDATE lease SET live = 0 WHERE live = 1 AND expires_at <= @now AND review_id IS NULL", new { now });
            connection.Execute("""
                UPDATE lease SET live = 0 WHERE live = 1 AND expires_at > @latest AND review_id IS NULL
                    AND item_id IN (SELECT id FROM item WHERE id = lease.item_id AND project_id = @project)
                """, new { latest = until + Renewal, project = project.Id });
        }

        /// <summary>
        /// Items assigned earlier that have no decision. An expired lease is renewed unless other annotators have taken all places.
        /// </summary>
        public List<AssignedItem> Held()
        {
            var held = connection.Query<(long Item, string Token, string Shown, bool Live, long ExpiresAt, long? Review)>("""
                SELECT item_id, token, shown, live, expires_at, review_id FROM lease JOIN item ON item.id = item_id
                WHERE person_id = @person AND project_id = @project
                  AND (live = 1 OR kind <> 'Normal' OR decided + held < wanted OR EXISTS (SELECT 1 FROM norming_item ni
                    JOIN norming n ON n.id = ni.norming_id JOIN norming_person np ON np.norming_id = n.id
                    WHERE ni.item_id = item.id AND np.person_id = lease.person_id AND n.closed_at IS NULL)) ORDER BY turn
                """, new { person, project = project.Id }).AsList();
            foreach (var (item, _, _, live, expires, _) in held)
                if (!live || expires < (until - Renewal).ToMilliseconds() || expires > until.ToMilliseconds())
                    connection.Execute("UPDATE lease SET live = 1, expires_at = @until WHERE item_id = @item AND person_id = @person",
                        new { item, person, until });
            return held.ConvertAll(lease =>
                AssignedItem.Create(Items.Load(connection, project.Id, lease.Item)!, lease.Token,
                    JsonSerializer.Deserialize<int[]>(lease.Shown)!) with
                {
                    Returned = lease.Review is { } review ? Reviews.Load(connection, review) : null,
                });
        }

        /// <summary>No ordinary items before the calibration round is complete and enough of it is right.</summary>
        public long? Draw(IReadOnlyList<AssignedItem> held)
        {
            if (Known(ItemKind.Calibration) is { } calibration)
                return calibration;
            if (project.Settings.CalibrationPass > 0)
            {
                if (held.Any(showing => showing.Kind == ItemKind.Calibration))
                    return null;
                if (KnownItemAccuracy.Load(connection, project.Id, person).Share < project.Settings.CalibrationPass)
                {
                    State = QueueState.NotCalibrated;
                    return null;
                }
            }
            if (Norming() is { } norming)
                return norming;
            var every = project.Settings.CheckEvery;
            return Ordinary() is { } item ? (every > 0 && Random.Shared.Next(every) == 0 ? Known(ItemKind.Check) : null) ?? item : null;
        }

        /// <remarks>The kind is no parameter: SQLite would compile the statement for each value, as an index depends on it.</remarks>
        long? Known(ItemKind kind) => connection.QueryFirstOrDefault<long?>($"""
            SELECT id FROM item i WHERE project_id = @project AND kind = '{kind}' AND kind <> 'Normal'
                AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.person_id = @person AND d.adjudicates = 0)
                AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.item_id = i.id AND l.person_id = @person)
            ORDER BY position LIMIT 1
            """, new { project = project.Id, person });

        /// <summary>The next item of an open norming session of this person, whether it needs another decision or not.</summary>
        long? Norming() => connection.QueryFirstOrDefault<long?>($"""
            SELECT i.id FROM norming n JOIN norming_person np ON np.norming_id = n.id AND np.person_id = @person
                JOIN norming_item ni ON ni.norming_id = n.id JOIN item i ON i.id = ni.item_id
            WHERE n.project_id = @project AND n.closed_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.person_id = @person AND d.adjudicates = 0)
                AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.item_id = i.id AND l.person_id = @person)
                AND NOT EXISTS (SELECT 1 FROM review r WHERE r.item_id = i.id AND r.person_id = @person
                    AND {Reviews.IsGivenAway})
            ORDER BY n.id, i.position LIMIT 1
            """, new { project = project.Id, person });

        /// <summary>The first item in order that needs another annotator and that this one has not seen.</summary>
        long? Ordinary()
        {
            var next = connection.QueryFirstOrDefault<(long Id, double Position)?>($"""
                SELECT id, position FROM item i {SqlDialect.Of(connection).IndexedBy("item_open")}
                WHERE project_id = @project AND kind = 'Normal' AND wanted > decided + held
                    AND position >= coalesce((SELECT position FROM reached WHERE project_id = @project AND person_id = @person), -1)
                    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.person_id = @person AND d.adjudicates = 0)
                    AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.item_id = i.id AND l.person_id = @person)
                    AND NOT EXISTS (SELECT 1 FROM review r WHERE r.item_id = i.id AND r.person_id = @person
                        AND {Reviews.IsGivenAway})
                ORDER BY position LIMIT 1
                """, new { project = project.Id, person });
            connection.Execute(
                "INSERT INTO reached (project_id, person_id, position) VALUES (@project, @person, @position) "
                + "ON CONFLICT (project_id, person_id) DO UPDATE SET position = excluded.position",
                new { project = project.Id, person, position = next?.Position ?? double.MaxValue });
            return next?.Id;
        }

        public AssignedItem Lease(long id)
        {
            var item = Items.Load(connection, project.Id, id)!;
            var shown = Enumerable.Range(0, item.Answers.Count).ToArray();
            if (project.Settings.Task != TaskKind.Steps)
                Random.Shared.Shuffle(shown);
            var token = Guid.NewGuid().ToString("N");
            connection.Execute("""
                INSERT INTO lease (item_id, person_id, token, shown, turn, given_at, expires_at)
                SELECT @id, @person, @token, @shown, coalesce(max(turn), 0) + 1, @now, @until FROM lease WHERE person_id = @person
                """, new { id, person, token, shown = (IReadOnlyList<int>)shown, now, until });
            return AssignedItem.Create(item, token, shown);
        }
    }
}
