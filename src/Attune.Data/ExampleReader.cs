namespace Attune.Data;

/// <summary>Makes examples of the rows of one file, which must have one layout, and reports fields that are not used.</summary>
sealed class ExampleReader(string file, ReadOptions options)
{
    // Fields with a meaning in other layouts or programs: without one of them, an example may mean something else.
    static readonly HashSet<string> Meaningful = new(StringComparer.Ordinal)
    {
        "label", "labels", "system", "question", "instruction", "query", "input", "responses", "score", "scores", "margin", "images",
        "image", "tools",
    };

    const int MostNamed = 20;

    readonly FieldNames names = new(options.Columns, options.Ignore);
    readonly List<string> unused = [];
    (Layout Layout, Origin Origin)? first;
    (int Count, Origin First)? withoutPrompt;
    int rows;

    /// <summary>How many rows were read.</summary>
    public int Rows => rows;

    /// <summary>What the rows are read as: "comparisons (prompt, chosen, rejected)"; empty before the first row.</summary>
    public string ReadAs { get; private set; } = "";

    /// <summary>A reader of later rows of the same file, for another thread, once the first row was read.</summary>
    public ExampleReader Fork() => new(file, options) { first = first, ReadAs = ReadAs };

    /// <summary>Adds what a <see cref="Fork"/> noticed, in the order of the rows.</summary>
    public void Add(ExampleReader fork)
    {
        rows += fork.rows;
        foreach (var name in fork.unused)
            NoteUnused(name);
        if (fork.withoutPrompt is { } later)
            withoutPrompt = withoutPrompt is { } known ? (known.Count + later.Count, known.First) : later;
    }

    void NoteUnused(string name)
    {
        if (!unused.Contains(name, StringComparer.Ordinal))
            unused.Add(name);
    }

    /// <exception cref="InvalidDataException">The row has another layout, or does not serve the use; the message says why.</exception>
    public Example Read(Row written)
    {
        var row = written.Under(names);
        RequireColumns(row);
        var layout = Layout.FromRow(row, options.Layout, options.Syntax, options.Use);
        RequireSame(layout, row.Origin);
        var read = PairChoices.Apply(layout.Read(row), options);
        var example = options.Side is { } side ? PairSides.Take(read, side, options.Syntax) : read;
        RequireUse(layout, example);
        NoteFields(row, layout, read);
        NotePrompt(layout, read);
        if (ReadAs.Length == 0)
            ReadAs = Describe(layout, example);
        return example with { Row = written };
    }

    /// <summary>Called after the last row.</summary>
    /// <exception cref="InvalidDataException">Most transcripts begin with different words.</exception>
    public void End()
    {
        if (withoutPrompt is { } empty && empty.Count * 2 > rows)
            throw new InvalidDataException(
                $"{file}: `chosen` and `rejected` begin with different words in {empty.Count:N0} of {rows:N0} rows (the first: "
                + $"{empty.First.Place}), so the prompt, which is what they share, would be empty. "
                + "Give the prompt in a field `prompt`: an empty text where there is none");
        if (unused.Count > 0)
            options.Notice($"{file}: {options.Reader} does not use {string.Join(", ", unused.Take(MostNamed).Select(name => $"`{name}`"))}"
                + (unused.Count > MostNamed ? $" and {unused.Count - MostNamed:N0} more" : ""));
    }

    string Describe(Layout layout, Example example)
    {
        var use = options.Use == DataUse.Any ? DataUses.Of(example) : options.Use;
        return $"{DataUses.Name(use)} ({string.Join(", ", layout.FieldsFor(use, example).Intersect(layout.Fields))})";
    }

    void RequireColumns(Row row)
    {
        foreach (var (name, written) in options.Columns)
            if (!row.Exists(name))
                throw new InvalidDataException(
                    $"{row.Origin}: there is no field `{written}`, which {options.Syntax.Columns} names for `{name}` "
                    + $"(the fields are {string.Join(", ", row.Names)})");
    }

    void RequireSame(Layout layout, Origin origin)
    {
        first ??= (layout, origin);
        rows++;
        if (layout != first.Value.Layout)
            throw new InvalidDataException(
                $"{origin}: the fields are {layout.FieldList}, but those of {first.Value.Origin.Place} are "
                + $"{first.Value.Layout.FieldList}; all lines of a file must have the same layout");
    }

    void RequireUse(Layout layout, Example example)
    {
        if (DataUses.Serves(example, options.Use))
            return;
        var found = DataUses.Of(example);
        throw new InvalidDataException(
            $"{example.Origin}: {options.Reader} reads {DataUses.Describe(options.Use)}; the fields {layout.FieldList} are "
            + $"{DataUses.Name(found)}, which {Readers(found)}.{Remedy(found)}");
    }

    string Readers(DataUse use) => options.Methods(use) is { Count: > 0 } methods
        ? $"{string.Join(", ", methods)} read{(methods.Count == 1 ? "s" : "")}"
        : "no method of this version reads";

    string Remedy(DataUse found) => (found, options.Use) switch
    {
        (DataUse.Comparisons, DataUse.Demonstrations or DataUse.Documents) =>
            $" {options.Syntax.ChosenSide} reads the better responses only.",
        (DataUse.Labels, DataUse.Demonstrations or DataUse.Documents) =>
            $" {options.Syntax.Ignore("label")} leaves the labels out: good and bad responses are then read alike.",
        (DataUse.Rewards, DataUse.Demonstrations or DataUse.Documents) =>
            $" {options.Syntax.Ignore("reward")} leaves the rewards out: all responses are then read alike.",
        _ => "",
    };

    void NoteFields(Row row, Layout layout, Example example)
    {
        var used = layout.FieldsFor(options.Use, example).Concat(options.AlsoRead).ToHashSet(StringComparer.Ordinal);
        foreach (var name in row.Names.Where(name => !used.Contains(name) && row.HasContent(name)))
        {
            if (options.Use != DataUse.Any && Meaningful.Contains(name))
                throw new InvalidDataException(
                    $"{row.Origin}: {options.Reader} would not use `{name}`"
                    + $"{(layout.Fields.Contains(name) ? "" : $" beside {layout.FieldList}")}. {ReadersOf(name)} "
                    + $"Rename it, or leave it out with {options.Syntax.Ignore(name)}");
            NoteUnused(name);
        }
    }

    string ReadersOf(string name)
    {
        var layouts = Layout.WithField(name).Select(layout =>
            layout.FieldList + (options.Methods(layout.Use) is { Count: > 0 } methods ? $" ({string.Join(", ", methods)})" : "")).ToList();
        return layouts.Count == 0 ? "No layout reads it: models read text only." : $"It is read with: {string.Join("; ", layouts)}.";
    }

    void NotePrompt(Layout layout, Example example)
    {
        if (layout.Name == "transcripts" && example is ComparisonExample { Prompt: "" })
            withoutPrompt = withoutPrompt is { } known ? (known.Count + 1, known.First) : (1, example.Origin);
    }
}
