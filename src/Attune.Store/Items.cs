using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>The items of projects with their responses.</summary>
public sealed partial class Items
{
    const string Columns = "id, kind, prompt, expected, explanation, wanted, decided, skipped, priority, extra";

    readonly Database database;
    readonly TimeProvider time;

    internal Items(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>Adds items after the existing ones, all or none.</summary>
    /// <exception cref="InvalidDataException">An item has too few responses for its task, or a check has no known ranks.</exception>
    public void Add(long project, IReadOnlyCollection<Item> items, long by) =>
        database.Write(connection => Add(connection, project, items, by, time));

    internal static void Add(SqliteConnection connection, long project, IReadOnlyCollection<Item> items, long by, TimeProvider time)
    {
        var settings = connection.QuerySingle<ProjectSettings>("SELECT settings FROM project WHERE id = @project", new { project });
        Insert(connection, project, [.. items.Select(item => Checked(item, settings))]);
        Arrange(connection, project, settings);
        AuditTrail.Append(connection, time, by, project, "items added", $"{items.Count} items");
    }

    public Item? Find(long project, long id) => database.Read(connection => Load(connection, project, id));

    /// <summary>A page of items in the order in which they were added.</summary>
    public IReadOnlyList<Item> Page(long project, long after, int count) => database.Read(connection =>
        connection.Query<Item>($"SELECT {Columns} FROM item WHERE project_id = @project AND id > @after ORDER BY id LIMIT @count",
            new { project, after, count })
            .Select(item => WithAnswers(connection, item)).ToList());

    /// <summary>Sets the scores of an item's responses by place, and the item's uncertainty, and updates the order of items.</summary>
    public void Score(long project, IEnumerable<(long Item, IReadOnlyList<double> Scores, double Priority)> scored, long by) =>
        database.Write(connection =>
    {
        foreach (var (item, scores, priority) in scored)
        {
            connection.Execute("UPDATE item SET priority = @priority WHERE id = @item AND project_id = @project",
                new { item, project, priority });
            connection.Execute("UPDATE answer SET score = @score WHERE item_id = @item AND place = @place",
                scores.Select((score, place) => new { item, place, score }));
        }
        Arrange(connection, project,
            connection.QuerySingle<ProjectSettings>("SELECT settings FROM project WHERE id = @project", new { project }));
        AuditTrail.Append(connection, time, by, project, "answers scored", "project");
    });

    internal static Item? Load(SqliteConnection connection, long project, long id) =>
        connection.QuerySingleOrDefault<Item>($"SELECT {Columns} FROM item WHERE id = @id AND project_id = @project",
            new { id, project }) is { } item
            ? WithAnswers(connection, item)
            : null;

    /// <summary>
    /// Sets how many annotators see each item, and the order of items, from the project's settings. In the order by uncertainty, a share of
    /// the items is drawn at random and spread evenly among the others, which are sorted by priority. So any part of the remaining items
    /// has that share.
    /// </summary>
    internal static void Arrange(SqliteConnection connection, long project, ProjectSettings settings)
    {
        var position = settings.Order switch
        {
            ItemOrder.Fixed => "id",
            ItemOrder.Random => "random",
            _ => $"""
                CASE WHEN decided >= wanted THEN 0 ELSE percent_rank() OVER (
                    PARTITION BY decided >= wanted, {Fraction(7919)} < @RandomShare
                    ORDER BY CASE WHEN {Fraction(7919)} < @RandomShare THEN NULL ELSE priority END DESC NULLS LAST, random) END
                """,
        };
        connection.Execute($"""
            UPDATE item SET wanted = arranged.wanted FROM (
                SELECT id, CASE WHEN {Fraction(104729)} < @OverlapShare THEN @Overlap ELSE 1 END AS wanted
                FROM item WHERE project_id = @project AND kind = 'Normal') AS arranged
            WHERE item.id = arranged.id AND item.wanted <> arranged.wanted
            """, new { project, settings.OverlapShare, settings.Overlap });
        connection.Execute($"""
            UPDATE item SET position = arranged.position FROM (
                SELECT id, {position} AS position
                FROM item WHERE project_id = @project AND kind = 'Normal') AS arranged
            WHERE item.id = arranged.id AND item.position <> arranged.position
            """, new { project, settings.RandomShare });
        connection.Execute("DELETE FROM reached WHERE project_id = @project", new { project });
    }

    /// <summary>A second random number from 0 to 1, derived from the one drawn for the item.</summary>
    static string Fraction(int factor) => $"(random * {factor} - CAST(random * {factor} AS INTEGER))";

    /// <exception cref="InvalidDataException">It does not match the task.</exception>
    internal static Item Checked(Item item, ProjectSettings settings)
    {
        var (least, most) = settings.Task switch
        {
            TaskKind.Pairwise => (2, 2),
            TaskKind.Ranking => (2, 9),
            _ => (1, 9),
        };
        if (item.Answers.Count < least || item.Answers.Count > most)
            throw new InvalidDataException(
                $"{(least == most ? $"{least}" : $"{least} to {most}")} answers per prompt are needed "
                + $"for the task '{settings.Task}' (was {item.Answers.Count})");
        if (item.Kind != ItemKind.Normal && item.Expected?.Count != item.Answers.Count)
            throw new InvalidDataException("an attention check or a calibration item needs known ranks");
        return item;
    }

    static void Insert(SqliteConnection connection, long project, IReadOnlyList<Item> items)
    {
        var first = connection.ExecuteScalar<long>("SELECT coalesce(max(id), 0) + 1 FROM item");
        InsertRows(connection, "item", ["id", "project_id", "kind", "position", "random", "expected", "prompt", "explanation", "extra"],
            items.Select((item, i) => new object?[]
        {
            first + i, project, item.Kind.ToString(), (double)(first + i), Random.Shared.NextDouble(), Json(item.Expected),
            Json(item.Prompt), item.Explanation, Json(item.Extra),
        }));
        InsertRows(connection, "answer", ["item_id", "place", "text", "source", "score"],
            items.SelectMany((item, i) => item.Answers.Select((answer, place) => new object?[]
        {
            first + i, place, Json(answer.Text), answer.Source, answer.Score,
        })));
    }

    static string? Json<T>(T? value) => value is null ? null : SqlTypes.ToJson(value);

    /// <summary>Inserts many rows with one statement and hand-set parameters: an import has hundreds of thousands of rows.</summary>
    static void InsertRows(SqliteConnection connection, string table, string[] columns, IEnumerable<object?[]> rows)
    {
        using var command = new SqliteCommand(
            $"INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(column => $"@{column}"))})",
            connection);
        var parameters = columns.Select(column => command.Parameters.Add(new($"@{column}", null))).ToList();
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
                parameters[i].Value = row[i] ?? DBNull.Value;
            command.ExecuteNonQuery();
        }
    }

    static Item WithAnswers(SqliteConnection connection, Item item) => item with
    {
        Answers = [.. connection.Query<(string Text, string? Source, double? Score)>(
            "SELECT text, source, score FROM answer WHERE item_id = @Id ORDER BY place", new { item.Id })
            .Select(row => new ItemResponse(JsonNode.Parse(row.Text)!, row.Source, row.Score))],
    };
}
