using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Data.Agreement;
using Attune.Text;
using Dapper;

namespace Attune.Store;

/// <summary>The items of projects with their responses.</summary>
public sealed partial class Items
{
    readonly Database database;
    readonly TimeProvider time;

    internal Items(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>Adds items after the existing ones, all or none.</summary>
    /// <exception cref="InvalidDataException">An item has too few responses for its task, or a check has no known ranks.</exception>
    public void Add(long project, IReadOnlyCollection<Item> items, long by)
    {
        database.Write(connection => Add(connection, project, items, by, time));
        Arrange(database, project);
    }

    /// <summary>Call <see cref="Arrange"/> after the transaction.</summary>
    /// <returns>The id of the first item; the others follow it.</returns>
    internal static long Add(DbConnection connection, long project, IReadOnlyCollection<Item> items, long by, TimeProvider time)
    {
        var first = Insert(connection, project, items);
        EndAdding(connection, project);
        AuditTrail.Append(connection, time, by, project, "items added", Quantity.Of(items.Count, "item"));
        return first;
    }

    /// <summary>Inserts items. Call <see cref="EndAdding"/> after the last ones.</summary>
    /// <returns>The id of the first item; the others follow it.</returns>
    internal static long Insert(DbConnection connection, long project, IReadOnlyCollection<Item> items)
    {
        var settings = SettingsOf(connection, project);
        var parts = items.Select(item => Checked(item, settings)).SelectMany(item => Parts(item, settings));
        return Insert(connection, project, settings, [.. parts]);
    }

    /// <summary>Lets annotators get the new items. Call <see cref="Arrange"/> after the transaction.</summary>
    internal static void EndAdding(DbConnection connection, long project)
    {
        if (SettingsOf(connection, project).Order == ItemOrder.Informative)
            connection.Execute("UPDATE project SET unarranged = unarranged + 1 WHERE id = @project", new { project });
        connection.Execute("DELETE FROM reached WHERE project_id = @project", new { project });
    }

    internal static ProjectSettings SettingsOf(DbConnection connection, long project) =>
        connection.QuerySingleOrDefault<ProjectSettings>("SELECT settings FROM project WHERE id = @project", new { project })
            ?? throw new InvalidDataException("there is no such project");

    public Item? Find(long project, long id) => database.Read(connection => Load(connection, project, id));

    /// <summary>A page of items in the order in which they were added.</summary>
    public IReadOnlyList<Item> Page(long project, long after, int count) => database.Read(connection =>
        Read(connection, "i.id IN (SELECT id FROM item WHERE project_id = @project AND id > @after ORDER BY id LIMIT @count)",
            new { project, after, count }).ToList());

    /// <summary>Sets scores of responses and the uncertainty of items, and updates the order of items.</summary>
    public void Score(long project, IReadOnlyCollection<ItemScores> scored, long by)
    {
        database.Write(connection => Score(connection, project, scored, by, time));
        Arrange(database, project);
    }

    /// <summary>Call <see cref="Arrange"/> after the transaction.</summary>
    internal static void Score(DbConnection connection, long project, IReadOnlyCollection<ItemScores> scored, long by,
        TimeProvider time)
    {
        foreach (var (item, scores, priority) in scored)
        {
            connection.Execute("UPDATE item SET priority = @priority WHERE id = @item AND project_id = @project",
                new { item, project, priority });
            connection.Execute("UPDATE answer SET score = @score WHERE item_id = @item AND place = @place",
                scores.Select((score, place) => new { item, place, score }));
        }
        connection.Execute("UPDATE project SET unarranged = unarranged + 1 WHERE id = @project", new { project });
        AuditTrail.Append(connection, time, by, project, "answers scored", "project");
    }

    internal static Item? Load(DbConnection connection, long project, long id) =>
        Read(connection, "i.id = @id AND i.project_id = @project", new { id, project }).SingleOrDefault();

    /// <summary>Items with their responses, by id.</summary>
    internal static IEnumerable<Item> Read(DbConnection connection, string condition, object parameters)
    {
        using var row = connection.ExecuteReader($"""
            SELECT i.id, i.kind, i.prompt, i.expected, i.explanation, i.wanted, i.decided, i.skipped, i.priority, i.extra, i.again,
                a.text, a.source, a.score
            FROM item i LEFT JOIN answer a ON a.item_id = i.id WHERE {condition} ORDER BY i.id, a.place
            """, parameters);
        var more = row.Read();
        while (more)
        {
            var answers = new List<ItemResponse>();
            var item = new Item
            {
                Id = row.GetInt64(0),
                Kind = Enum.Parse<ItemKind>(row.GetString(1)),
                Prompt = JsonNode.Parse(row.GetString(2))!,
                Answers = answers,
                Expected = Text(3) is { } expected ? JsonSerializer.Deserialize<int?[]>(expected) : null,
                Explanation = Text(4),
                Wanted = row.GetInt32(5),
                Decided = row.GetInt32(6),
                Skipped = row.GetInt32(7),
                Priority = Number(8),
                Extra = Text(9) is { } extra ? JsonNode.Parse(extra)!.AsObject() : null,
                Again = row.GetInt64(10) != 0,
            };
            for (; more && row.GetInt64(0) == item.Id; more = row.Read())
                if (!row.IsDBNull(11))
                    answers.Add(new(JsonNode.Parse(row.GetString(11))!, Text(12), Number(13)));
            yield return item;
        }

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);

        double? Number(int column) => row.IsDBNull(column) ? null : row.GetDouble(column);
    }

    /// <exception cref="InvalidDataException">It does not match the task.</exception>
    internal static Item Checked(Item item, ProjectSettings settings)
    {
        var (least, most) = AnswersOf(settings.Task);
        if (item.Answers.Count < least || item.Answers.Count > most)
            throw new InvalidDataException(
                $"{Range(least, most)} answers per prompt are needed for the task '{settings.Task}' (was {item.Answers.Count})");
        if (item.Kind != ItemKind.Normal && item.Expected?.Count != item.Answers.Count)
            throw new InvalidDataException("an attention check or a calibration item needs known ranks");
        return item;
    }

    /// <summary>The items that a row becomes: in a project of best–worst choices one for each subset of its responses.</summary>
    internal static IEnumerable<Item> Parts(Item item, ProjectSettings settings) =>
        settings.Task == TaskKind.BestWorst ? Subset.Divide(item) : [item];

    /// <summary>The least and the most answers of an item, before it is divided.</summary>
    internal static (int Least, int Most) AnswersOf(TaskKind task) => task switch
    {
        TaskKind.Pairwise or TaskKind.Dialogue => (2, 2),
        TaskKind.Ranking => (2, 9),
        TaskKind.BestWorst => (3, BestWorstDesign.MostResponses),
        TaskKind.Demonstration => (0, 0),
        TaskKind.Steps => (1, Item.MostSteps),
        _ => (1, 9),
    };

    internal static string Range(int least, int most) => least == most ? $"{least}" : $"{least} to {most}";

    static long Insert(DbConnection connection, long project, ProjectSettings settings, IReadOnlyList<Item> items)
    {
        var dialect = SqlDialect.Of(connection);
        var first = dialect.TakeIds(connection, "item", items.Count);
        dialect.Insert(connection, "item",
            ["id", "project_id", "kind", "random", "position", "wanted", "again", "expected", "prompt", "explanation", "extra"],
            items.Select((item, i) => new object?[] { first + i, project, item.Kind.ToString() }
                .Concat(Arranged(item, first + i, settings))
                .Concat([Json(item.Expected), Json(item.Prompt), item.Explanation, Json(item.Extra)]).ToArray()));
        dialect.Insert(connection, "answer", ["item_id", "place", "text", "source", "score"],
            items.SelectMany((item, i) => item.Answers.Select((answer, place) => new object?[]
        {
            first + i, place, Json(answer.Text), answer.Source, answer.Score,
        })));
        return first;
    }

    static string? Json<T>(T? value) => value is null ? null : SqlTypes.ToJson(value);
}
