using Attune.Text;

namespace Attune.Data;

/// <summary>A set of field names that makes an example; other fields of a row are ignored.</summary>
sealed record Layout(string[] Names, Func<Row, Example> Read)
{
    /// <summary>All layouts; one that contains another's fields comes before it.</summary>
    static readonly Layout[] All =
    [
        new(["messages"], row => ConversationLayout.Dialogue(row, row.Messages("messages"), [])),
        new(["prompt", "completions", "ranks"], row => Compared(row, ComparisonFields.ReadRanks)),
        new(["prompt", "completions", "pairs"], row => Compared(row, ComparisonFields.ReadPairs)),
        new(["prompt", "chosen", "rejected"], row => row.HasMessages("prompt")
            ? ConversationLayout.Pair(row, row.Messages("prompt"), row.Messages("chosen"), row.Messages("rejected"))
            : Pair(row, row.Text("prompt"), row.Text("chosen"), row.Text("rejected"))),
        new(["chosen", "rejected"], row => row.HasMessages("chosen")
            ? ConversationLayout.Split(row, row.Messages("chosen"), row.Messages("rejected"))
            : SharedPrefix.Split(row, row.Text("chosen"), row.Text("rejected"))),
        new(["prompt", "completion"], row => row.HasMessages("prompt")
            ? ConversationLayout.Dialogue(row, row.Messages("prompt"), row.Messages("completion"))
            : new Demonstration(row.Origin, row.Text("prompt"), row.Text("completion"))),
        new(["prompt"], row => row.HasMessages("prompt")
            ? ConversationLayout.Prompt(row, row.Messages("prompt"))
            : new PromptOnly(row.Origin, row.Text("prompt"))),
        new(["text"], row => new Document(row.Origin, row.Text("text"))),
    ];

    // A row with one of these fields needs a layout that has it: {"prompt", "chosen"} is not a prompt with an extra field.
    static readonly string[] Telling = ["completion", "completions", "ranks", "pairs", "chosen", "rejected", "messages"];

    public string Fields => string.Join(", ", Names);

    /// <exception cref="InvalidDataException">No layout matches; the message names the nearest field.</exception>
    public static Layout FromRow(Row row)
    {
        var telling = Telling.Where(row.Has).ToList();
        var fits = All.FirstOrDefault(layout => Array.TrueForAll(layout.Names, row.Has) && telling.TrueForAll(layout.Names.Contains));
        return fits is null || (fits.Names is ["prompt"] && Misspelt(row) is not null) ? throw Unknown(row) : fits;
    }

    public static ComparisonExample Pair(Row row, string prompt, string chosen, string rejected) =>
        new(row.Origin, prompt, [chosen, rejected], ComparisonFields.ReadPair(row));

    static Example Compared(Row row, Func<Row, int, ComparisonSet> read)
    {
        if (row.HasMessages("prompt"))
            return ConversationLayout.Ranking(row, row.Messages("prompt"), row.MessageLists("completions"), read);
        var completions = row.Texts("completions");
        return new ComparisonExample(row.Origin, row.Text("prompt"), completions, read(row, completions.Count));
    }

    /// <summary>A field name that is nearly a known one, with the known name.</summary>
    static (string Found, string Meant)? Misspelt(Row row)
    {
        var known = All.SelectMany(layout => layout.Names).Distinct(StringComparer.Ordinal).ToList();
        foreach (var name in row.Names.Except(known))
            if (NearestName.Find(name, known.Where(candidate => !row.Has(candidate))) is { } meant)
                return (name, meant);
        return null;
    }

    static InvalidDataException Unknown(Row row)
    {
        var meant = Misspelt(row) is { } misspelt ? $" Did you mean '{misspelt.Meant}' instead of '{misspelt.Found}'?" : "";
        var layouts = string.Join("; ", All.Select(layout => layout.Fields));
        return new($"{row.Origin}: the fields are {string.Join(", ", row.Names)}, which match no layout.{meant} Known layouts: {layouts}.");
    }
}
