using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;

namespace Attune.Store;

public sealed partial class Items
{
    /// <summary>The most characters of a prompt in a list.</summary>
    const int LineLength = 200;

    /// <summary>A page of matching items, in the order in which they were added.</summary>
    /// <param name="project">The project.</param>
    /// <param name="search">What to search for.</param>
    /// <param name="after">Only items after this one.</param>
    /// <param name="count">The most items to return.</param>
    public IReadOnlyList<ItemLine> Search(long project, ItemSearch search, long after, int count) => database.Read(connection =>
    {
        var like = SqlDialect.Of(connection).Like;
        return connection.Query<ItemLine>($"""
            SELECT id, kind, wanted, decided, skipped,
                prompt AS Prompt,
                (SELECT count(*) FROM answer a WHERE a.item_id = i.id) AS Answers,
                EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.flags <> '[]') AS Flagged
            FROM item i WHERE project_id = @project AND id > @after AND {Condition(search.State)}
                AND (@pattern IS NULL OR prompt {like} @pattern ESCAPE '!'
                    OR EXISTS (SELECT 1 FROM answer a WHERE a.item_id = i.id AND a.text {like} @pattern ESCAPE '!'))
            ORDER BY id LIMIT @count
            """, new { project, after, count, pattern = Pattern(search.Text) })
            .Select(line => line with { Prompt = Beginning(line.Prompt) }).ToList();
    });

    /// <summary>The beginning of a prompt, or of its last message.</summary>
    static string Beginning(string prompt)
    {
        var text = JsonNode.Parse(prompt) switch
        {
            JsonArray messages => messages.LastOrDefault() is JsonObject last ? (string?)last["content"] : null,
            var single => (string?)single,
        };
        return string.Concat((text ?? "").EnumerateRunes().Take(LineLength));
    }

    static string Condition(ItemState state) => state switch
    {
        ItemState.Open => "kind = 'Normal' AND decided < wanted",
        ItemState.Done => "kind = 'Normal' AND decided >= wanted",
        ItemState.Skipped => "skipped > 0",
        ItemState.Flagged => "EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.flags <> '[]')",
        ItemState.Check => "kind = 'Check'",
        ItemState.Calibration => "kind = 'Calibration'",
        _ => "true",
    };

    /// <summary>The store holds texts as JSON, so the pattern is escaped as JSON too.</summary>
    static string? Pattern(string text) => text.Trim() is { Length: > 0 } words
        ? $"%{Escaped(JsonSerializer.Serialize(words, SqlTypes.Json)[1..^1])}%" : null;

    static string Escaped(string text) => text
        .Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal)
            .Replace("_", "!_", StringComparison.Ordinal);
}
