using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.Store.Export;

/// <summary>Writes the comparisons of an item as lines of JSON that <c>Attune.Data</c> reads.</summary>
static class JsonRows
{
    /// <summary>Fields that rows define; of an imported item's other fields these are not written again.</summary>
    static readonly HashSet<string> Own = new(StringComparer.Ordinal)
    {
        "prompt", "chosen", "rejected", "completion", "completions", "ranks", "pairs", "messages", "label", "labels", "votes", "strength",
        "margin", "sources", "kind", "explanation", ImportedVotes.Field, Subset.Field,
    };

    /// <summary>Fields of imported rows that training reads with conversations.</summary>
    static readonly HashSet<string> OfConversations = new(StringComparer.Ordinal) { "tools", "documents", "chat_template_kwargs" };

    /// <summary>The field of who wrote a response, in a layout of one response.</summary>
    const string Source = "source";

    /// <summary>The field of the response that an annotator wrote, in a layout of two others.</summary>
    const string Reference = "reference";

    /// <summary>The field of the scores of best–worst choices.</summary>
    const string Scores = "scores";

    /// <summary>The field of the item's id, unless the imported row had a field of this name.</summary>
    const string ItemId = "item";

    /// <summary>The level of a step that is neither right nor wrong.</summary>
    const int Neutral = 2;

    static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static IEnumerable<Action<Stream>> CreateRows(ExportLayout layout, ItemComparisons comparisons) => layout switch
    {
        ExportLayout.Rankings => Ranking(comparisons),
        ExportLayout.Kto => Labels(comparisons),
        ExportLayout.Demonstrations => comparisons.Ideals.Select(ideal => Demonstration(comparisons.Item, ideal)),
        ExportLayout.Conversations => Conversation(comparisons),
        ExportLayout.Steps => LabelledSteps(comparisons),
        ExportLayout.Triples =>
            comparisons.Ideals.SelectMany(ideal => Pairs(comparisons with { Ideals = [] }, transcripts: false, ideal)),
        _ => Pairs(comparisons, layout == ExportLayout.Hh),
    };

    static IEnumerable<Action<Stream>> Pairs(ItemComparisons comparisons, bool transcripts, string? reference = null)
    {
        foreach (var (first, second) in ItemComparisons.Pairs(comparisons.Count))
            if (comparisons.Decide(first, second) is (not 0 and var winner, var label))
            {
                var (better, worse) = winner > 0 ? (first, second) : (second, first);
                yield return Row(comparisons.Item, writer => Pair(writer, comparisons, better, worse, label, transcripts, reference),
                    reference is null ? null : Reference);
            }
    }

    static void Pair(
        Utf8JsonWriter writer, ItemComparisons comparisons, int better, int worse, double? label, bool transcripts, string? reference)
    {
        var texts = new Texts(
            comparisons.Item.Prompt,
            [comparisons.Text(better), comparisons.Text(worse), .. new[] { reference }.OfType<string>()]);
        if (transcripts)
        {
            writer.WriteString("chosen", Transcript.Format(comparisons.Item, texts.Prompt, texts.Answers[0]));
            writer.WriteString("rejected", Transcript.Format(comparisons.Item, texts.Prompt, texts.Answers[1]));
        }
        else
        {
            Raw(writer, "prompt", texts.Prompt);
            Raw(writer, "chosen", texts.Answers[0]);
            Raw(writer, "rejected", texts.Answers[1]);
        }
        if (reference is not null)
            Raw(writer, Reference, texts.Answers[2]);
        var votes = comparisons.Compare(better, worse);
        if (label is { } probability)
            writer.WriteNumber("label", probability);
        else if (votes.First + votes.Second > 1)
            Array(writer, "votes", [votes.First, votes.Second]);
        if (comparisons.Margin(better, worse) is { } margin)
            writer.WriteNumber("margin", margin);
        Sources(writer, [comparisons.Source(better), comparisons.Source(worse)]);
    }

    static IEnumerable<Action<Stream>> Ranking(ItemComparisons comparisons)
    {
        var standings = comparisons.Standings();
        var ranks = AnnotationRules.WithoutGaps([.. standings.Select(standing => -standing)]);
        if (!ranks.Contains(1))
            yield break;
        yield return Row(comparisons.Item, writer =>
        {
            var texts = new Texts(comparisons.Item.Prompt, [.. Candidates(comparisons).Select(comparisons.Text)]);
            Raw(writer, "prompt", texts.Prompt);
            Array(writer, "completions", texts.Answers);
            Array(writer, "ranks", ranks);
            if (comparisons.Count == 2 && standings[0] is { } first
                && comparisons.Margin(first > 0 ? 0 : 1, first > 0 ? 1 : 0) is { } margin)
                writer.WriteNumber("margin", margin);
            Sources(writer, [.. Candidates(comparisons).Select(comparisons.Source)]);
        });
    }

    /// <summary>All responses to a prompt with their scores by counting and their ranks; no row where all scores are equal.</summary>
    public static IEnumerable<Action<Stream>> Scored(BestWorstCounts counts)
    {
        var scores = counts.Scores();
        var levels = scores.Select(response => response.Score).Distinct().OrderDescending().ToList();
        if (levels.Count < 2)
            yield break;
        yield return Row(counts.Item, writer =>
        {
            var texts = new Texts(counts.Item.Prompt, [.. scores.Select(response => response.Text)]);
            Raw(writer, "prompt", texts.Prompt);
            Array(writer, "completions", texts.Answers);
            Array(writer, "ranks", [.. scores.Select(response => (int?)levels.IndexOf(response.Score))]);
            Array(writer, Scores, [.. scores.Select(response => response.Score.ToString("0.####", CultureInfo.InvariantCulture))]);
            Sources(writer, [.. scores.Select(response => response.Source)]);
        }, Scores);
    }

    static IEnumerable<Action<Stream>> Labels(ItemComparisons comparisons)
    {
        var standings = comparisons.Standings();
        foreach (var candidate in Candidates(comparisons))
            if (Label(comparisons, candidate, standings[candidate]) is { } label)
                yield return Row(comparisons.Item, writer =>
                {
                    var texts = new Texts(comparisons.Item.Prompt, [comparisons.Text(candidate)]);
                    Raw(writer, "prompt", texts.Prompt);
                    Raw(writer, "completion", texts.Answers[0]);
                    writer.WriteBoolean("label", label);
                    if (comparisons.Source(candidate) is { } source)
                        writer.WriteString(Source, source);
                }, comparisons.Source(candidate) is null ? null : Source);
    }

    /// <summary>
    /// A response that an annotator wrote is desirable; a rated one above the middle level; a ranked one that beats more others than beat
    /// it.
    /// </summary>
    static bool? Label(ItemComparisons comparisons, int candidate, int? standing) =>
        comparisons.IsIdeal(candidate) ? true
        : comparisons.AllBad ? false
        : comparisons.Rating(candidate) is { } rating ? Sign(rating.CompareTo((1 + comparisons.Item.RatingLevels) / 2.0))
        : Sign(standing ?? 0);

    static bool? Sign(int value) => value == 0 ? null : value > 0;

    static Action<Stream> Demonstration(ExportedItem item, string ideal) => Row(item, writer =>
    {
        var texts = new Texts(item.Prompt, [ideal]);
        Raw(writer, "prompt", texts.Prompt);
        Raw(writer, "completion", texts.Answers[0]);
    });

    /// <summary>The steps up to the first one without a label. A step is wrong where its mean level is below neutral.</summary>
    static IEnumerable<Action<Stream>> LabelledSteps(ItemComparisons comparisons)
    {
        var levels = Candidates(comparisons).Select(comparisons.Rating).TakeWhile(level => level is not null).ToList();
        if (levels.Count == 0)
            yield break;
        yield return Row(comparisons.Item, writer =>
        {
            Raw(writer, "prompt", comparisons.Item.Prompt);
            Array(writer, "completions", [.. levels.Index().Select(level => comparisons.Text(level.Index))]);
            Array(writer, "labels", [.. levels.Select(level => level >= Neutral ? "true" : "false")]);
        });
    }

    /// <summary>
    /// The prompt and the responses that annotators wrote; otherwise the best response, of equally good ones the first. No row where all
    /// responses are bad.
    /// </summary>
    static IEnumerable<Action<Stream>> Conversation(ItemComparisons comparisons)
    {
        var standings = comparisons.Standings();
        IEnumerable<int> best = comparisons.Ideals.Count > 0 ? Candidates(comparisons).Where(comparisons.IsIdeal)
            : comparisons.AllBad ? []
            : Candidates(comparisons).Where(candidate => standings[candidate] is not null)
                .OrderByDescending(candidate => standings[candidate]).Take(1);
        return best.Select(candidate => Row(comparisons.Item, writer =>
        {
            var texts = new Texts(comparisons.Item.Prompt, [comparisons.Text(candidate)], asMessages: true);
            Raw(writer, "messages", $"{texts.Prompt[..^1]},{texts.Answers[0][1..]}");
        }));
    }

    /// <param name="item">The item.</param>
    /// <param name="fields">Writes the fields of the layout.</param>
    /// <param name="own">A field that these contain although other layouts do not.</param>
    static Action<Stream> Row(ExportedItem item, Action<Utf8JsonWriter> fields, string? own = null) => stream =>
    {
        using var extra = item.Extra is null ? null : JsonDocument.Parse(item.Extra);
        using (var writer = new Utf8JsonWriter(stream, Readable))
        {
            writer.WriteStartObject();
            fields(writer);
            if (extra?.RootElement.TryGetProperty(ItemId, out _) != true)
                writer.WriteNumber(ItemId, item.Id);
            foreach (var field in extra?.RootElement.EnumerateObject() ?? default)
                if (item.OtherFields ? !Own.Contains(field.Name) && field.Name != own : OfConversations.Contains(field.Name))
                    field.WriteTo(writer);
            writer.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    };

    static IEnumerable<int> Candidates(ItemComparisons comparisons) => Enumerable.Range(0, comparisons.Count);

    static void Sources(Utf8JsonWriter writer, IReadOnlyList<string?> sources)
    {
        if (!sources.Contains(null))
            Array(writer, "sources", [.. sources.Select(source => JsonSerializer.Serialize(source, SqlTypes.Json))]);
    }

    static void Raw(Utf8JsonWriter writer, string name, string json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json, skipInputValidation: true);
    }

    static void Array(Utf8JsonWriter writer, string name, IReadOnlyList<string> items) => Raw(writer, name, $"[{string.Join(',', items)}]");

    static void Array(Utf8JsonWriter writer, string name, IReadOnlyList<int?> items) =>
        Array(writer, name, [.. items.Select(item => item?.ToString(null, null) ?? "null")]);
}
