using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsvHelper;

namespace Attune.Store.Export;

/// <summary>
/// Decisions as a table for spreadsheets (RFC 4180, with a byte order mark, which marks UTF-8 for them). A cell that a spreadsheet would
/// run as a formula gets an apostrophe before it (https://owasp.org/www-community/attacks/CSV_Injection). Some spreadsheets split cells
/// at semicolons, tabs and line ends, so a formula may also begin after these.
/// </summary>
static partial class CsvRows
{
    static readonly string[] Columns =
    [
        "decision", "item", "person", "adjudicates", "outcome", "ranks", "strength", "ratings", "flags", "rationale", "ideal",
        "skip_reason", "shown", "seconds", "at", "revision", "prompt",
    ];

    static readonly CsvWriterOptions Options = new() { BufferSize = 4096, ShouldQuote = (text, _, _, _) => text.Contains(' ') };

    public static Action<Stream> Header(int answers) => Row(
        [.. Columns, .. Enumerable.Range(0, answers).SelectMany(place => new[] { $"answer_{place}", $"source_{place}" })],
        Options with { WriteByteOrderMark = true });

    public static Action<Stream> CreateRow(ExportedItem item, Annotation decision, string person, int answers)
    {
        var verdict = decision.Result;
        return Row([
            Text(decision.Id), Text(item.Id), person, decision.Adjudicates ? "yes" : "no", verdict.Outcome.ToString(), List(verdict.Ranks),
            Text(verdict.Strength),
            List(verdict.Ratings), string.Join(' ', verdict.Flags), verdict.Rationale, verdict.Ideal, verdict.SkipReason,
            List([.. decision.Shown.Select(place => (int?)place)]),
            decision.Seconds.ToString("0.###", CultureInfo.InvariantCulture),
            decision.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
            Text(decision.Revision), Plain(item.Prompt),
            .. Enumerable.Range(0, answers).SelectMany(place =>
                place < item.Answers.Count ? new[] { Plain(item.Answers[place].Text), item.Answers[place].Source } : [null, null]),
        ], Options);
    }

    static Action<Stream> Row(IReadOnlyList<string?> cells, CsvWriterOptions options) => stream =>
    {
        using var writer = CsvWriter.Create(stream, options, leaveOpen: true);
        foreach (var cell in cells)
            writer.WriteField(cell is null ? null : FormulaStart().Replace(cell, "'"));
        writer.EndRecord();
    };

    /// <summary>
    /// The places before which a formula begins. Spreadsheets read full-width signs like their ASCII forms; the library's own list has only
    /// the ASCII ones.
    /// </summary>
    [GeneratedRegex("""(?<=^|[;\t\r\n])(?=[ "]*[=+\-@＝＋－＠])|^(?=[\t\r\n])""", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FormulaStart();

    static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    static string List(IReadOnlyList<int?>? values) =>
        values is null ? "" : string.Join(' ', values.Select(value => Text(value) ?? "none"));

    /// <summary>A text as it is; messages as lines of role and content.</summary>
    static string Plain(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.String
            ? document.RootElement.GetString()!
            : string.Join("\n\n",
                document.RootElement.EnumerateArray().Select(message => $"{Field(message, "role")}: {Field(message, "content")}"));
    }

    static string Field(JsonElement message, string name) => !message.TryGetProperty(name, out var value) ? ""
        : value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
