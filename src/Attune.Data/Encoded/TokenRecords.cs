using System.Text.Json;

namespace Attune.Data.Encoded;

/// <summary>How the items of a type are written to a file and read from it, without loss.</summary>
sealed record RecordFormat<T>(Action<RecordWriter, T> Write, RecordFormat<T>.Reader Read)
{
    public delegate T Reader(ref RecordReader from);
}

/// <summary>The formats of all types of examples in tokens.</summary>
static class TokenRecords
{
    static readonly object[] All =
    [
        new RecordFormat<TokenRow>(Write, ReadRow),
        new RecordFormat<TokenPrompt>(Write, ReadPrompt),
        new RecordFormat<TokenLabels>(Write, ReadLabels),
        new RecordFormat<TokenRewards>(Write, ReadRewards),
        new RecordFormat<TokenSteps>(Write, ReadSteps),
        new RecordFormat<TokenDemonstration>(Write, ReadDemonstration),
        new RecordFormat<TokenComparisons>(Write, ReadComparisons),
    ];

    /// <summary>The format of a type.</summary>
    public static RecordFormat<T> Of<T>() => All.OfType<RecordFormat<T>>().Single();

    static void Write(RecordWriter to, TokenRow row)
    {
        to.Tokens(row.Tokens);
        to.Flags(row.LossMask);
        to.OptionalTokens(row.Segments);
        to.OptionalTokens(row.Source);
    }

    static TokenRow ReadRow(ref RecordReader from) => new(from.Tokens(), from.Flags(), from.OptionalTokens(), from.OptionalTokens());

    static void Write(RecordWriter to, TokenPrompt prompt)
    {
        to.Tokens(prompt.Tokens);
        to.Text(prompt.Text);
        to.Flag(prompt.IsConversation);
        to.Flag(prompt.Row is not null);
        if (prompt.Row is { } row)
            Write(to, row);
    }

    static TokenPrompt ReadPrompt(ref RecordReader from) => new(from.Tokens(), from.Text())
    {
        IsConversation = from.Flag(),
        Row = from.Flag() ? ReadJson(ref from) : null,
    };

    static void Write(RecordWriter to, Row row)
    {
        to.Text(row.Origin.File);
        to.Count(row.Origin.Line);
        to.Text(row.Origin.Unit);
        to.Text(row.Origin.Folder ?? "");
        to.Count(row.RawUtf8.Length);
        to.Bytes(row.RawUtf8);
    }

    static Row ReadJson(ref RecordReader from)
    {
        var origin = new Origin(from.Text(), from.Count())
        {
            Unit = from.Text(),
            Folder = from.Text() is { Length: > 0 } folder ? folder : null,
        };
        return new(origin, JsonElement.Parse(from.Bytes()));
    }

    static void Write(RecordWriter to, TokenLabels example)
    {
        Write(to, example.Texts);
        to.Count(example.PromptLength);
        to.Flags(example.Labels);
    }

    static TokenLabels ReadLabels(ref RecordReader from) => new(ReadTexts(ref from), from.Count(), from.Flags());

    static void Write(RecordWriter to, TokenRewards example)
    {
        to.Count(example.Responses.Count);
        foreach (var (row, rewards) in example.Responses)
        {
            Write(to, row);
            to.Count(rewards.Length);
            foreach (var reward in rewards)
                to.Double(reward);
        }
    }

    static TokenRewards ReadRewards(ref RecordReader from)
    {
        var responses = new RewardedRow[from.Count()];
        for (var at = 0; at < responses.Length; at++)
        {
            var (row, rewards) = (ReadRow(ref from), new double[from.Count()]);
            for (var token = 0; token < rewards.Length; token++)
                rewards[token] = from.Double();
            responses[at] = new(row, rewards);
        }
        return new(responses);
    }

    static void Write(RecordWriter to, TokenSteps steps)
    {
        to.Tokens(steps.Tokens);
        to.Count(steps.PromptLength);
        to.Tokens(steps.Ends);
        to.Flags(steps.Labels);
    }

    static TokenSteps ReadSteps(ref RecordReader from) => new(from.Tokens(), from.Count(), from.Tokens(), from.Flags());

    static void Write(RecordWriter to, TokenDemonstration demonstration)
    {
        Write(to, demonstration.Prompt);
        to.Tokens(demonstration.Response);
        to.Flag(demonstration.TeacherPrompt is not null);
        if (demonstration.TeacherPrompt is { } prompt)
            Write(to, prompt);
    }

    static TokenDemonstration ReadDemonstration(ref RecordReader from) => new(ReadPrompt(ref from), from.Tokens())
    {
        TeacherPrompt = from.Flag() ? ReadPrompt(ref from) : null,
    };

    static void Write(RecordWriter to, TokenComparisons example)
    {
        Write(to, example.Texts);
        to.Count(example.PromptLength);
        to.Count(example.Comparisons.Count);
        foreach (var pair in example.Comparisons)
        {
            to.Count(pair.Chosen);
            to.Count(pair.Rejected);
            to.Flag(pair.Margin is not null);
            if (pair.Margin is { } margin)
                to.Double(margin);
            to.Double(pair.Share);
            to.Count(pair.Votes);
        }
        to.OptionalTokens(example.Reference);
    }

    static TokenComparisons ReadComparisons(ref RecordReader from)
    {
        var (texts, promptLength, pairs) = (ReadTexts(ref from), from.Count(), new Comparison[from.Count()]);
        for (var at = 0; at < pairs.Length; at++)
            pairs[at] = new(from.Count(), from.Count())
            {
                Margin = from.Flag() ? from.Double() : null,
                Share = from.Double(),
                Votes = from.Count(),
            };
        return new(texts, promptLength, pairs) { Reference = from.OptionalTokens() };
    }

    static void Write(RecordWriter to, int[][] texts)
    {
        to.Count(texts.Length);
        foreach (var text in texts)
            to.Tokens(text);
    }

    static int[][] ReadTexts(ref RecordReader from)
    {
        var texts = new int[from.Count()][];
        for (var at = 0; at < texts.Length; at++)
            texts[at] = from.Tokens();
        return texts;
    }
}
