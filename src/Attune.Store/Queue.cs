using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>An item as it is shown to a person.</summary>
/// <param name="Item">Its number.</param>
/// <param name="Kind">Is not told to the person.</param>
/// <param name="Token">Names this showing; the decision carries it.</param>
/// <param name="Prompt">A JSON text, or a list of messages.</param>
/// <param name="Answers">In the order in which they are shown.</param>
/// <param name="Shown">The place of each answer that is shown.</param>
public sealed record Showing(long Item, ItemKind Kind, string Token, JsonNode Prompt, IReadOnlyList<JsonNode> Answers, IReadOnlyList<int> Shown);

/// <summary>Whether there is something to do for a person.</summary>
public enum Standing
{
    /// <summary>Items are given.</summary>
    Open,

    /// <summary>Nothing is left, or all that is left is with others.</summary>
    Done,

    /// <summary>Too little of the calibration round was right.</summary>
    NotCalibrated,
}

/// <summary>What a person gets next.</summary>
public sealed record Turn(Standing Standing, IReadOnlyList<Showing> Items);

/// <summary>Gives out items, each to as many people as are wanted, and keeps it for them for a while.</summary>
public sealed class Queue
{
    readonly Database database;
    readonly TimeProvider time;

    internal Queue(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>
    /// The items that a person holds, and new ones up to a count: first those of the calibration round, then ordinary ones, with an attention
    /// check among them now and then. Who asks again is given the same, so a page may be loaded anew.
    /// </summary>
    public Turn Next(Project project, long person, int count) => database.WriteLightly(connection =>
    {
        var ask = new Ask(connection, project, person, time.GetUtcNow());
        var held = ask.Held();
        while (held.Count < count && ask.Draw() is { } item)
            held.Add(ask.Lease(item));
        return new Turn(held.Count > 0 ? Standing.Open : ask.Standing, [.. held.Select(ask.Show)]);
    });

    sealed record Lease(long Item, string Token, IReadOnlyList<int> Shown);

    sealed class Ask(SqliteConnection connection, Project project, long person, DateTimeOffset now)
    {
        public Standing Standing { get; private set; } = Standing.Done;

        /// <summary>What was given before and still waits for a decision; what ran out is kept again, unless others have filled its places.</summary>
        public List<Lease> Held()
        {
            connection.Execute("""
                DELETE FROM lease WHERE person_id = @person AND expires_at <= @now AND item_id IN (
                    SELECT id FROM item i WHERE project_id = @project AND kind = 'Normal' AND decided + (
                        SELECT count(*) FROM lease l WHERE l.item_id = i.id AND l.person_id <> @person AND l.expires_at > @now) >= wanted)
                """, Parameters);
            connection.Execute("""
                UPDATE lease SET expires_at = @until WHERE person_id = @person AND expires_at < @until - 60000 AND item_id IN (
                    SELECT item_id FROM lease JOIN item ON item.id = item_id WHERE person_id = @person AND project_id = @project)
                """, Parameters);
            return connection.Query<(long Item, string Token, string Shown)>("""
                SELECT item_id, token, shown FROM lease JOIN item ON item.id = item_id
                WHERE person_id = @person AND project_id = @project ORDER BY given_at, item_id
                """, Parameters)
                .Select(row => new Lease(row.Item, row.Token, JsonSerializer.Deserialize<int[]>(row.Shown)!)).ToList();
        }

        public long? Draw()
        {
            if (Known(ItemKind.Calibration) is { } calibration)
                return calibration;
            if (!IsCalibrated())
            {
                Standing = Standing.NotCalibrated;
                return null;
            }
            var every = project.Settings.CheckEvery;
            return (every > 0 && Random.Shared.Next(every) == 0 ? Known(ItemKind.Check) : null) ?? Ordinary();
        }

        long? Known(ItemKind kind) => connection.QueryFirstOrDefault<long?>("""
            SELECT id FROM item i WHERE project_id = @project AND kind = @kind AND kind <> 'Normal'
                AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.person_id = @person)
                AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.item_id = i.id AND l.person_id = @person)
            ORDER BY position LIMIT 1
            """, new { project = project.Id, person, kind = kind.ToString() });

        /// <summary>The first item in order that wants one more person than have it, and that this person has not seen.</summary>
        long? Ordinary() => connection.QueryFirstOrDefault<long?>("""
            SELECT id FROM item i WHERE project_id = @project AND kind = 'Normal' AND decided < wanted
                AND decided + (SELECT count(*) FROM lease l WHERE l.item_id = i.id AND l.expires_at > @now) < wanted
                AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.person_id = @person)
                AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.item_id = i.id AND l.person_id = @person)
            ORDER BY position LIMIT 1
            """, Parameters);

        bool IsCalibrated() => project.Settings.CalibrationPass <= 0
            || Calibration.Of(connection, project.Id, person) is not { Total: > 0 } round || round.Share >= project.Settings.CalibrationPass;

        public Lease Lease(long item)
        {
            var shown = Enumerable.Range(0, connection.ExecuteScalar<int>("SELECT count(*) FROM answer WHERE item_id = @item", new { item })).ToArray();
            Random.Shared.Shuffle(shown);
            var lease = new Lease(item, Guid.NewGuid().ToString("N"), shown);
            connection.Execute("""
                INSERT INTO lease (item_id, person_id, token, shown, given_at, expires_at) VALUES (@item, @person, @token, @shown, @now, @until)
                """, new { item, person, token = lease.Token, shown = lease.Shown, now, until = Until });
            return lease;
        }

        public Showing Show(Lease lease)
        {
            var item = Items.Load(connection, project.Id, lease.Item)!;
            return new(item.Id, item.Kind, lease.Token, item.Prompt, [.. lease.Shown.Select(place => item.Answers[place].Text)], lease.Shown);
        }

        DateTimeOffset Until => now.AddMinutes(project.Settings.LeaseMinutes);

        object Parameters => new { project = project.Id, person, now, until = Until };
    }
}
