using System.Text.Json;
using Dapper;

namespace Attune.Store;

public sealed partial class Items
{
    /// <summary>A page of matching items, in the order in which they were added.</summary>
    /// <param name="project">The project.</param>
    /// <param name="search">What to search for.</param>
    /// <param name="after">Only items after this one.</param>
    /// <param name="count">The most items to return.</param>
    public IReadOnlyList<ItemLine> Search(long project, ItemSearch search, long after, int count) => database.Read(connection =>
        connection.Query<ItemLine>($"""
            SELECT id, kind, wanted, decided, skipped,
                substr(CASE json_type(prompt) WHEN 'text' THEN json_extract(prompt, '$')
                    ELSE coalesce(json_extract(prompt, '$[#-1].content'), '') END, 1, 200) AS Prompt,
                (SELECT count(*) FROM answer a WHERE a.item_id = i.id) AS Answers,
                EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.flags <> '[]') AS Flagged
            FROM item i WHERE project_id = @project AND id > @after AND {Condition(search.State)}
                AND (@pattern IS NULL OR prompt LIKE @pattern ESCAPE '!'
                    OR EXISTS (SELECT 1 FROM answer a WHERE a.item_id = i.id AND a.text LIKE @pattern ESCAPE '!'))
            ORDER BY id LIMIT @count
            """, new { project, after, count, pattern = Pattern(search.Text) }).AsList());

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
