using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Store.Export;
using Attune.Text;

namespace Attune.Store.Import;

/// <summary>
/// Reads items from rows: <c>prompt</c> and <c>completions</c>, optionally with <c>sources</c>. <c>ranks</c> are a decision, or the known
/// order when <c>kind</c> is check or calibration (<c>explanation</c> says why). <c>chosen</c> and <c>rejected</c> are a decision about two
/// responses; a <c>completion</c> is an item with one response to rate. Other fields are kept with the item.
/// </summary>
static class ItemReader
{
    static readonly HashSet<string> Read = new(StringComparer.Ordinal)
    {
        "prompt", "completions", "completion", "chosen", "rejected", "ranks", "kind", "explanation", "sources", "votes",
        "strength", "margin", ImportedVotes.Field,
    };

    /// <summary>The field of who wrote the response, in rows with one response; other rows may use the name for something else.</summary>
    const string Source = "source";

    /// <exception cref="InvalidDataException">The row is not an item.</exception>
    /// <param name="row">The row.</param>
    /// <param name="task">The task of the project; null where the project does not exist yet.</param>
    public static ImportedItem ToItem(Row row, TaskKind? task) => task switch
    {
        TaskKind.Dialogue => throw new InvalidDataException(
            $"{row.Origin}: the items of this project are made in conversations; import into another project"),
        TaskKind.Demonstration => new(row.Origin, new() { Prompt = Prompt(row), Answers = [], Extra = Extra(row, null) }, null),
        TaskKind.Steps => new(row.Origin, new()
        {
            Prompt = Text(row.Text("prompt")), Answers = [.. Steps(row).Select(step => new ItemResponse(Text(step)))],
            Extra = Extra(row, null),
        }, null),
        _ => ToItem(row),
    };

    /// <summary>The steps of <c>completions</c>; otherwise the paragraphs of <c>completion</c>, or the lines of a single one.</summary>
    static IEnumerable<string> Steps(Row row)
    {
        if (row.Has("completions"))
            return row.Texts("completions");
        var text = row.Text("completion").ReplaceLineEndings("\n").Trim();
        return text.Split(text.Contains("\n\n", StringComparison.Ordinal) ? "\n\n" : "\n",
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    static ImportedItem ToItem(Row row)
    {
        if (row.Has("prompt") && row.Has("completions") && !row.Has("ranks") && !row.Has("pairs"))
            return new(row.Origin,
                Known(row, new() { Prompt = Prompt(row), Answers = Sourced(row, Completions(row)), Extra = Extra(row, null) }), null);
        if (row.Has("pairs"))
            throw new InvalidDataException(
                $"{row.Origin}: 'pairs' cannot be imported; give 'ranks', or one row with 'chosen' and 'rejected' for each pair");
        var example = Dataset.ToExample(row);
        var response = example switch
        {
            LabelledExample labelled => labelled.Response,
            RewardedExample rewarded => rewarded.Response,
            _ => example,
        };
        return response switch
        {
            ComparisonExample ranking => Compared(row, Split(row, ranking), ranking.Comparisons),
            ChatComparisonExample ranking =>
                Compared(row, (Json(ranking.Prompt.Messages), [.. ranking.Completions.Select(Json)]), ranking.Comparisons),
            Demonstration shown => Single(row, Text(shown.Prompt), Text(shown.Completion)),
            ChatExample { PromptCount: > 0 } shown when row.Has("completion") =>
                Single(row, Json(shown.Messages.Take(shown.PromptCount)), Json(shown.Messages.Skip(shown.PromptCount))),
            _ => throw new InvalidDataException(
                $"{row.Origin}: a row needs 'prompt' and 'completions' (has {string.Join(", ", row.Names)}). "
                + "For prompts alone, let a model answer them first"),
        };
    }

    static ImportedItem Compared(Row row, (JsonNode Prompt, IReadOnlyList<JsonNode> Answers) texts, ComparisonSet preferences)
    {
        var ranks = AnnotationRules.WithoutGaps(preferences.Ranks ?? [0, 0]);
        if (ranks.Count(rank => rank is not null) < 2)
            throw new InvalidDataException($"{row.Origin}: 'ranks' must rank at least two completions");
        var strength = preferences.Comparisons is [var pair, ..] ? pair.Margin : null;
        var whole = strength is { } level && level == Math.Floor(level) && level < 10;
        var votes = row.IsGiven("votes") ? row.WholeNumbers("votes") : null;
        var imported = votes is null && (strength is null || whole) ? null : new ImportedVotes(votes, whole ? null : strength);
        var item = new Item
        {
            Prompt = texts.Prompt,
            Answers = [.. texts.Answers.Select((answer, i) => new ItemResponse(answer, preferences.Sources?[i]))],
            Extra = Extra(row, imported),
        };
        return row.IsGiven("kind")
            ? new(row.Origin, Known(row, item with { Expected = ranks }), null)
            : new(row.Origin, item, new() { Outcome = Outcome.Ranked, Ranks = ranks, Strength = whole ? (int?)strength : null });
    }

    static ImportedItem Single(Row row, JsonNode prompt, JsonNode answer) =>
        new(row.Origin, new() { Prompt = prompt, Answers = [new(answer, row.IsGiven(Source) ? row.Text(Source) : null)],
            Extra = Extra(row, null, Source) }, null);

    static Item Known(Row row, Item item)
    {
        if (!row.IsGiven("kind"))
            return item;
        var kind = row.Word("kind") is { } word && Enum.TryParse<ItemKind>(word, ignoreCase: true, out var known) && Enum.IsDefined(known)
            && !char.IsAsciiDigit(word[0])
            ? known
            : throw new InvalidDataException(
                $"{row.Origin}: 'kind' must be check, calibration or normal (was {row.Word("kind") ?? "no text"})");
        if (kind == ItemKind.Normal)
            return item.Expected is null ? item : throw new InvalidDataException(
                $"{row.Origin}: known ranks need the kind check or calibration; without 'kind' the ranks are a decision");
        return item.Expected is null
            ? throw new InvalidDataException($"{row.Origin}: kind {row.Word("kind")} needs 'ranks', the known order of the completions")
            : item with { Kind = kind, Explanation = row.IsGiven("explanation") ? row.Text("explanation") : null };
    }

    public static JsonNode Prompt(Row row) => row.HasMessages("prompt") ? Json(row.Messages("prompt")) : Text(row.Text("prompt"));

    static IReadOnlyList<JsonNode> Completions(Row row) =>
        row.Json("completions") is { ValueKind: JsonValueKind.Array } list
            && list.EnumerateArray().Any(answer => answer.ValueKind == JsonValueKind.Array)
            ? [.. row.MessageLists("completions").Select(Json)]
            : [.. row.Texts("completions").Select(Text)];

    static IReadOnlyList<ItemResponse> Sourced(Row row, IReadOnlyList<JsonNode> answers)
    {
        var sources = row.IsGiven("sources") ? row.Texts("sources") : null;
        return sources is null || sources.Count == answers.Count
            ? [.. answers.Select((answer, i) => new ItemResponse(answer, sources?[i]))]
            : throw new InvalidDataException(
                $"{row.Origin}: 'sources' must have one entry for each of {answers.Count} completions (was {sources.Count})");
    }

    /// <summary>Transcripts that differ only in their last turn become conversations; other texts stay texts.</summary>
    static (JsonNode, IReadOnlyList<JsonNode>) Split(Row row, ComparisonExample ranking)
    {
        if (!row.Has("prompt") && Transcript.Parse(row.Text("chosen")) is [.. var asked, ("assistant", var chosen)]
            && Transcript.Parse(row.Text("rejected")) is [.. var askedToo, ("assistant", var rejected)] && asked.Length > 0
                && asked.SequenceEqual(askedToo))
            return (Json(asked.Select(turn => new Message(turn.Role, turn.Content))),
                [Json([new Message("assistant", chosen)]), Json([new Message("assistant", rejected)])]);
        return (Text(ranking.Prompt), [.. ranking.Completions.Select(Text)]);
    }

    static JsonObject? Extra(Row row, ImportedVotes? imported, string? own = null)
    {
        var extra = new JsonObject();
        foreach (var name in row.Names.Where(name => !Read.Contains(name) && name != own && row.Has(name)))
            extra[name] = JsonNode.Parse(row.Required(name).GetRawText());
        if (imported is not null)
            extra[ImportedVotes.Field] = JsonSerializer.SerializeToNode(imported, SqlTypes.Json);
        return extra.Count == 0 ? null : extra;
    }

    static JsonNode Text(string text) => JsonValue.Create(text);

    static JsonNode Json(IEnumerable<Message> messages) =>
        new JsonArray([.. messages.Select(message => JsonNode.Parse(message.Fields.GetRawText()))]);
}
