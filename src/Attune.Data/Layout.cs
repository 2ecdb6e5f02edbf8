using Attune.Text;

namespace Attune.Data;

/// <summary>A set of field names that makes an example.</summary>
/// <param name="Name">The name that <c>--from</c> selects.</param>
/// <param name="Use">What the examples are made for.</param>
/// <param name="Fields">The fields that a row must have.</param>
/// <param name="Read">Makes the example.</param>
sealed record Layout(string Name, DataUse Use, string[] Fields, Func<Row, Example> Read)
{
    static readonly string[] OfComparisons = ["strength", "margin", "sources"];
    static readonly string[] OfPairs = [.. OfComparisons, "votes", "label"];

    /// <summary>Fields that only conversations have.</summary>
    static readonly string[] OfConversations = ["tools", "documents", "chat_template_kwargs"];

    /// <summary>All layouts; one that contains another's fields comes before it.</summary>
    static readonly Layout[] All =
    [
        new("rewards", DataUse.Rewards, ["messages", "reward"],
            row => Rewarded(row, ConversationLayout.Dialogue(row, row.Messages("messages"), []))) { Optional = OfConversations },
        new("messages", DataUse.Demonstrations, ["messages"], row => ConversationLayout.Dialogue(row, row.Messages("messages"), []))
            { Optional = OfConversations },
        new("sharegpt", DataUse.Demonstrations, ["conversations"], ConversationLayout.ShareGpt) { Optional = ["system"] },
        new("rankings", DataUse.Comparisons, ["prompt", "completions", "ranks"],
            row => ConversationLayout.Compared(row, "completions", ComparisonFields.ReadRanks)) { Optional = OfComparisons },
        new("pairs", DataUse.Comparisons, ["prompt", "completions", "pairs"],
            row => ConversationLayout.Compared(row, "completions", ComparisonFields.ReadPairs)) { Optional = OfComparisons },
        new("stepwise", DataUse.Steps, ["prompt", "completions", "labels"], ReadSteps),
        new("scores", DataUse.Comparisons, ["prompt", "responses", "scores"],
            row => ConversationLayout.Compared(row, "responses", ComparisonFields.ReadScores)),
        new("scores", DataUse.Comparisons, ["prompt", "completions", "scores"],
            row => ConversationLayout.Compared(row, "completions", ComparisonFields.ReadScores)),
        new("triple", DataUse.Triples, ["prompt", "chosen", "rejected", "reference"], ConversationLayout.Triple)
            { Optional = OfPairs, Redundant = ["messages"] },
        new("pair", DataUse.Comparisons, ["prompt", "chosen", "rejected"], ConversationLayout.Pair)
            { Optional = OfPairs, Redundant = ["messages"] },
        new("orca", DataUse.Comparisons, ["question", "chosen", "rejected"], row => ConversationLayout.Pair(row, "question"))
            { Optional = ["system", .. OfPairs] },
        new("orca", DataUse.Comparisons, ["input", "chosen", "rejected"], row => ConversationLayout.Pair(row, "input"))
            { Optional = ["system", .. OfPairs] },
        new("transcripts", DataUse.Comparisons, ["chosen", "rejected"], row => row.HasMessages("chosen")
            ? ConversationLayout.Split(row, row.Messages("chosen"), row.Messages("rejected"))
            : SharedPrefix.Split(row, row.Text("chosen"), row.Text("rejected"))) { Optional = OfPairs },
        new("kto", DataUse.Labels, ["prompt", "completion", "label"],
            row => new LabelledExample(row.Origin, ConversationLayout.Demonstration(row), row.Thumb("label"))),
        new("rewards", DataUse.Rewards, ["prompt", "completion", "reward"], row => Rewarded(row, ConversationLayout.Demonstration(row))),
        new("rewards", DataUse.Rewards, ["sample", "reward"], row => Rewarded(row, ReadSample(row))),
        new("demonstrations", DataUse.Demonstrations, ["prompt", "completion"], ConversationLayout.Demonstration),
        new("prompts", DataUse.Prompts, ["prompt"], row => row.HasMessages("prompt")
            ? ConversationLayout.Prompt(row, row.Messages("prompt"))
            : new PromptOnly(row.Origin, row.Text("prompt"))),
        new("alpaca", DataUse.Demonstrations, ["instruction", "output"], row => ConversationLayout.Instruction(row, "input", "output"))
            { Optional = ["input", "system"] },
        new("dolly", DataUse.Demonstrations, ["instruction", "response"], row => ConversationLayout.Instruction(row, "context", "response"))
            { Optional = ["context", "system"] },
        new("questions", DataUse.Demonstrations, ["question", "answer"], row => ConversationLayout.Turns(row, "question", "answer"))
            { Optional = ["system"] },
        new("queries", DataUse.Demonstrations, ["query", "response"], row => ConversationLayout.Turns(row, "query", "response"))
            { Optional = ["system"] },
        new("text", DataUse.Documents, ["text"], row => new Document(row.Origin, row.Text("text"))),
    ];

    // A row with one of these fields needs a layout that has it: {"prompt", "chosen"} is not a prompt with an extra field.
    static readonly string[] Telling = ["completion", "completions", "ranks", "pairs", "chosen", "rejected", "messages", "conversations"];

    static readonly string[] OfResponses =
    [
        .. OfPairs, "completion", "completions", "ranks", "pairs", "chosen", "rejected", "labels", "responses", "scores", "output",
        "response", "answer", "reward",
    ];

    /// <summary>Fields that a row may have, and that are read.</summary>
    public string[] Optional { get; init; } = [];

    /// <summary>Fields that a row may have, and that are not read because they repeat other fields.</summary>
    public string[] Redundant { get; init; } = [];

    public string FieldList => string.Join(", ", Fields);

    public static IEnumerable<string> Names => All.Select(layout => layout.Name).Distinct(StringComparer.Ordinal);

    /// <summary>The names of all fields that layouts read.</summary>
    public static IReadOnlyList<string> KnownFields { get; } =
        [.. All.SelectMany(layout => layout.Fields.Concat(layout.Optional)).Distinct(StringComparer.Ordinal)];

    /// <summary>The layouts that read a field.</summary>
    public static IEnumerable<Layout> WithField(string name) => All.Where(layout => layout.Reads(name));

    /// <param name="row">A row of a file.</param>
    /// <param name="name">The name of the layout; null to recognise it by the names of the fields.</param>
    /// <param name="use">What the examples are for: `reference` is a field of other programs too, so only methods that need it read it.
    /// </param>
    /// <exception cref="InvalidDataException">No layout matches, or a field is null; the message names the field.</exception>
    public static Layout FromRow(
        Row row, string? name = null, OptionSyntax syntax = OptionSyntax.Recipe, DataUse use = DataUse.Any)
    {
        var candidates = Array.FindAll(All, layout => name is null
            ? layout.Use != DataUse.Triples || use is DataUse.Triples or DataUse.Any
            : layout.Name == name);
        var telling = name is null ? Telling.Where(row.Has).ToList() : [];
        var complete = candidates.Where(layout => Array.TrueForAll(layout.Fields, row.Exists)).ToList();
        var fits = complete.Find(layout => telling.TrueForAll(layout.Allows));
        if (fits is null || (fits.Name == "prompts" && Misspelt(row, Telling) is not null))
            throw Unknown(row, candidates, complete, telling, syntax);
        if (Array.Find(fits.Fields, field => !row.Has(field)) is { } missing)
            throw new InvalidDataException(
                $"{row.Origin}: `{missing}` is null; give it a value, remove the row, or leave the field out with "
                + syntax.Ignore(missing));
        return fits;
    }

    /// <summary>The fields that are read of an example of this layout.</summary>
    public IEnumerable<string> FieldsFor(DataUse use, Example example)
    {
        var all = Fields.Concat(Optional).Concat(IsConversation(example) ? OfConversations : []);
        return use == DataUse.Prompts && Fields.Except(OfResponses).Any() ? all.Except(OfResponses) : all;
    }

    static bool IsConversation(Example example) =>
        example is ChatExample or ChatComparisonExample or LabelledExample { Response: ChatExample }
            or RewardedExample { Response: ChatExample };

    bool Reads(string name) => Fields.Contains(name) || Optional.Contains(name);

    bool Allows(string name) => Reads(name) || Redundant.Contains(name);

    /// <summary>A number, or a list of numbers.</summary>
    static RewardedExample Rewarded(Row row, Example response) => new(
        row.Origin, response,
        row.IsList("reward") ? row.Numbers("reward") : [row.Number("reward", "a number, or a list of numbers")]);

    /// <summary>A response without a prompt, or prompts and responses in turn.</summary>
    static Example ReadSample(Row row) =>
        !row.IsList("sample") ? new Demonstration(row.Origin, "", row.Text("sample"))
        : row.Texts("sample") is { Count: > 0 } texts && texts.Count % 2 == 0 ? new AlternatingTexts(row.Origin, texts)
        : throw row.Wrong("sample", "a text, or a list of prompts and responses in turn, of even length");

    static StepwiseExample ReadSteps(Row row)
    {
        var (steps, labels) = (row.Texts("completions"), row.Flags("labels"));
        return steps.Count == labels.Count && steps.Count > 0
            ? new(row.Origin, row.Text("prompt"), steps, labels)
            : throw new InvalidDataException(
                $"{row.Origin}: 'labels' must have one label for each of one or more steps in 'completions' "
                + $"(was {labels.Count} for {steps.Count})");
    }

    /// <summary>A field name that is nearly a known one, with the known name.</summary>
    static (string Found, string Meant)? Misspelt(Row row, IEnumerable<string> known)
    {
        foreach (var name in row.Names.Except(KnownFields))
            if (NearestName.Find(name, known.Where(candidate => !row.Has(candidate))) is { } meant)
                return (name, meant);
        return null;
    }

    static InvalidDataException Unknown(
        Row row, Layout[] candidates, List<Layout> complete, List<string> telling, OptionSyntax syntax)
    {
        var layouts = string.Join("; ", candidates.Select(layout => layout.FieldList).Distinct(StringComparer.Ordinal));
        return new(
            $"{row.Origin}: the fields are {string.Join(", ", row.Names)}, which match no layout. "
            + $"{Obstacle(row, candidates, complete, telling, syntax)}Known layouts: {layouts}.");
    }

    /// <summary>The field that keeps the row from the nearest layout.</summary>
    static string Obstacle(Row row, Layout[] candidates, List<Layout> complete, List<string> telling, OptionSyntax syntax)
    {
        if (Misspelt(row, candidates.SelectMany(layout => layout.Fields).Distinct(StringComparer.Ordinal)) is { } misspelt)
            return $"Did you mean '{misspelt.Meant}' instead of '{misspelt.Found}'? ";
        if (complete.MinBy(layout => telling.Count(field => !layout.Allows(field))) is { } blocked)
        {
            var extra = telling.Where(field => !blocked.Allows(field)).ToList();
            return $"The layout {blocked.FieldList} does not read `{string.Join("`, `", extra)}`; "
                + $"{syntax.Ignore(extra)} leaves {(extra.Count == 1 ? "it" : "them")} out. ";
        }
        var nearest = candidates.MinBy(layout => (layout.Fields.Count(field => !row.Has(field)), -layout.Fields.Length))!;
        return Array.Exists(nearest.Fields, row.Has)
            ? $"For {nearest.FieldList}, `{string.Join("`, `", nearest.Fields.Where(field => !row.Has(field)))}` is missing; "
                + $"{syntax.Columns} says which field it is. "
            : $"{syntax.ColumnsExample} says which field is which. ";
    }
}
