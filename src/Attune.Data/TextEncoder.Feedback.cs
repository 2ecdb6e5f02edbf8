using Attune.Text;

namespace Attune.Data;

/// <summary>Responses with feedback: comparisons, labels, rewards and steps.</summary>
public sealed partial class TextEncoder
{
    /// <summary>
    /// Compared responses, each after the prompt; messages are rendered by the chat template. Null when the example is left out.
    /// </summary>
    /// <param name="example">The compared responses.</param>
    /// <param name="withReference">Whether the gold response is encoded too.</param>
    /// <exception cref="InvalidDataException">
    /// The example has no comparisons or no gold response; or the chat template rejects it, or a rendered response does not extend the
    /// prompt.
    /// </exception>
    public TokenComparisons? EncodeComparisons(Example example, bool withReference = false)
    {
        if (example is ComparisonExample ranking)
            return EncodeComparisons(ranking, EncodeFullPrompt(ranking.Prompt), withReference);
        if (example is not ChatComparisonExample dialogue)
            throw new InvalidDataException(
                $"{example.Origin}: the example has no comparisons (prompt, completions and ranks or pairs; or chosen and rejected)");
        var written = AsTexts(dialogue);
        return EncodeComparisons(written, chat.Value.Tokens(written.Prompt), withReference);
    }

    /// <summary>A comparison of conversations as the chat template renders it.</summary>
    /// <exception cref="InvalidDataException">The chat template rejects it, or a rendered response does not extend the prompt.</exception>
    public ComparisonExample AsTexts(ChatComparisonExample example)
    {
        var texts = example.Completions.Select(completion => chat.Value.PromptAndResponse(example.Origin, example.Prompt, completion))
            .ToList();
        return new(example.Origin, texts[0].Prompt, [.. texts.Select(text => text.Answer)], example.Comparisons)
        {
            Reference = example.Reference is { } gold ? chat.Value.PromptAndResponse(example.Origin, example.Prompt, gold).Answer : null,
        };
    }

    TokenComparisons? EncodeComparisons(ComparisonExample example, int[] prompt, bool withReference)
    {
        var gold = !withReference ? null : example.Reference
            ?? throw new InvalidDataException($"{example.Origin}: the example has no gold response (`reference`)");
        string[] responses = [.. example.Completions, .. gold is null ? [] : new[] { gold }];
        if (EncodeResponses(example.Origin, "comparisons", prompt, responses) is not var (texts, promptLength))
            return null;
        Comparison[] pairs =
            [.. example.Comparisons.Comparisons.Where(pair => !texts[pair.Chosen].AsSpan().SequenceEqual(texts[pair.Rejected]))];
        return pairs.Length > 0
            ? new(texts[..example.Completions.Count], promptLength, pairs) { Reference = gold is null ? null : texts[^1] }
            : Skip<TokenComparisons>("examples without a comparison were left out: all completions tie, are the same, or are not compared",
                example.Origin);
    }

    /// <summary>
    /// A labelled response after its prompt; or of comparisons, those that are only chosen, as desirable, and those that are only
    /// rejected. Null when the example is left out.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// The example has no label; or the chat template rejects it, or the rendered response does not extend the prompt.
    /// </exception>
    public TokenLabels? EncodeLabels(Example example) => example switch
    {
        LabelledExample { Response: Demonstration response } labelled => EncodeLabels(
            labelled, EncodeFullPrompt(response.Prompt), response.Completion),
        LabelledExample { Response: ChatExample dialogue } labelled when AsText(dialogue) is var (prompt, completion) => EncodeLabels(
            labelled, chat.Value.Tokens(prompt), completion),
        LabelledExample => throw new InvalidDataException($"{example.Origin}: the example has no response to label"),
        _ => EncodeComparisons(example) is { } comparisons ? LabelsOf(comparisons) : null,
    };

    TokenLabels? EncodeLabels(LabelledExample example, int[] prompt, string completion) =>
        EncodeResponses(example.Origin, "labelled responses", prompt, [completion]) is var (texts, promptLength)
            ? new(texts, promptLength, [example.Label])
            : null;

    (string Prompt, string Completion) AsText(ChatExample dialogue) => chat.Value.PromptAndResponse(
        dialogue.Origin, dialogue.First(dialogue.PromptCount), [.. dialogue.Messages.Skip(dialogue.PromptCount)]);

    static TokenLabels LabelsOf(TokenComparisons example)
    {
        var chosen = example.Comparisons.Select(pair => pair.Chosen).ToHashSet();
        var rejected = example.Comparisons.Select(pair => pair.Rejected).ToHashSet();
        int[] extreme = [.. chosen.Except(rejected).Order(), .. rejected.Except(chosen).Order()];
        return new(
            Array.ConvertAll(extreme, at => example.Texts[at]), example.PromptLength, Array.ConvertAll(extreme, chosen.Contains));
    }

    /// <summary>Each response after the prompt, with the tokens of the prompt; null when the example is left out.</summary>
    (int[][] Texts, int PromptLength)? EncodeResponses(Origin origin, string name, int[] prompt, IReadOnlyList<string> completions)
    {
        if (completions.Any(string.IsNullOrWhiteSpace))
            return Skip($"{name} with an empty completion were left out");
        prompt = [.. prompt, .. endIds];
        int[][] texts = [.. completions.Select(completion => RequireEmbeddings([.. prompt, .. EncodeTarget(completion)], origin))];
        // the decoder's context excludes the prompt
        var longest = startToken is null ? context : prompt.Length + context - 1;
        if (prompt.Length > context || !Array.TrueForAll(texts, text => text.Length <= longest))
        {
            if (tooLong == OverlongExamples.Drop || prompt.Length >= Math.Min(context + 1, longest))
                return Skip($"{name} with a text longer than {context} tokens were left out");
            notices.Add($"{name} with a text longer than {context} tokens were cut at the end", origin);
            texts = Array.ConvertAll(texts, text => text.Length > longest ? text[..longest] : text);
        }
        return (texts, prompt.Length);

        (int[][], int)? Skip(string what)
        {
            notices.Add(what, origin);
            return null;
        }
    }

    /// <summary>
    /// Responses with a reward for each token: one, or those of a comparison. Null when the example is left out. The last token of a
    /// response that is cut gets the rewards of the missing ones.
    /// </summary>
    /// <exception cref="InvalidDataException">The example has no rewards, or not as many as it has responses or tokens.</exception>
    public TokenRewards? EncodeRewards(Example example)
    {
        var responses = example is RewardedExample rewarded ? [rewarded] : ComparisonRewards.Of(example);
        RewardedRow[] rows = [.. responses.Select(EncodeReward).OfType<RewardedRow>()];
        return rows.Length > 0 ? new(rows) : null;
    }

    RewardedRow? EncodeReward(RewardedExample example)
    {
        if (EncodeActions(example.Response) is not { } row)
            return null;
        var whole = example.Rewards.Count == 1 ? row : unlimited.Value.EncodeActions(example.Response)!;
        var rewards = RewardPlaces.Place(whole, example.Rewards, example.Origin);
        var kept = rewards[..row.TargetCount];
        kept[^1] += rewards[kept.Length..].Sum();
        return new(row, kept);
    }

    /// <summary>Prompts and responses, whose response tokens are in the loss.</summary>
    TokenRow? EncodeActions(Example example) => example switch
    {
        ChatExample conversation => EncodeChat(conversation),
        Demonstration texts => EncodeAlternating(texts.Origin, [texts.Prompt, texts.Completion]),
        AlternatingTexts texts => EncodeAlternating(texts.Origin, texts.Texts),
        _ => throw new ArgumentException($"{example.GetType().Name} has no response", nameof(example)),
    };

    /// <summary>For an encoder–decoder, the target is the last text and the source all texts before it.</summary>
    TokenRow? EncodeAlternating(Origin origin, IReadOnlyList<string> texts)
    {
        if (string.IsNullOrWhiteSpace(texts[^1]))
            return Skip<TokenRow>("empty completions were left out", origin);
        if (startToken is { } start)
            return EncodeSourceAndTarget(origin, string.Concat(texts.SkipLast(1)), start, EncodeTarget(texts[^1]));
        int[][] parts = [.. AlternatingParts(texts.SkipLast(1)), EncodeTarget(texts[^1])];
        return TruncateOrDrop(
            origin, [.. parts.SelectMany(part => part)],
            [.. parts.Index().SelectMany(part => Enumerable.Repeat(part.Index % 2 == 1, part.Item.Length))]);
    }

    /// <summary>Texts in tokens, each by itself; for an empty first text the beginning-of-text token, or else the end token.</summary>
    IEnumerable<int[]> AlternatingParts(IEnumerable<string> texts) => texts.Select((text, at) =>
        at > 0 ? tokenizer.Encode(text) : EncodeFullPrompt(text) is { Length: > 0 } first ? first : [tokenizer.BosId ?? eos]);

    int[] Alternating(IEnumerable<string> texts) => [.. AlternatingParts(texts).SelectMany(part => part)];

    /// <summary>
    /// A response in labelled steps after its prompt. Prompt, steps and separators are encoded separately, as TRL does, without an end
    /// token. Null when the example is left out.
    /// </summary>
    public TokenSteps? EncodeSteps(StepwiseExample example, string separator)
    {
        var all = JoinSteps(EncodeFullPrompt(example.Prompt), example.Steps, separator) with { Labels = [.. example.Labels] };
        RequireEmbeddings(all.Tokens, example.Origin);
        if (all.Tokens.Length <= context)
            return all;
        var fitting = all.Ends.Count(end => end < context);
        if (tooLong == OverlongExamples.Drop || fitting == 0)
            return Skip<TokenSteps>(
                fitting == 0 ? $"texts whose first step exceeds {context} tokens were left out"
                    : $"texts longer than {context} tokens were left out", example.Origin);
        notices.Add($"texts longer than {context} tokens were cut at the end", example.Origin);
        return new(all.Tokens[..(all.Ends[fitting - 1] + 1)], all.PromptLength, all.Ends[..fitting], all.Labels[..fitting]);
    }

    /// <summary>A response in steps to score; a prompt that is too long loses its beginning.</summary>
    /// <exception cref="InvalidDataException">The steps alone are longer than the context.</exception>
    public TokenSteps EncodeSteps(string prompt, IReadOnlyList<string> steps, string separator)
    {
        var start = EncodeFullPrompt(prompt);
        var all = JoinSteps(start, steps, separator);
        RequireEmbeddings(all.Tokens, "a response");
        var excess = all.Tokens.Length - context;
        if (excess <= 0)
            return all;
        var kept = start.Length - beginIds.Length - excess;
        return kept >= 0 ? JoinSteps([.. beginIds, .. start[^kept..]], steps, separator) : throw new InvalidDataException(
            $"a response has {all.Tokens.Length - start.Length} tokens in steps, more than the process reward model's context of {context} "
            + "tokens; shorten responses (sampling.maxNewTokens), or train a model with a longer context: "
            + string.Join(separator, steps).Quoted());
    }

    TokenSteps JoinSteps(int[] prompt, IReadOnlyList<string> steps, string separator)
    {
        List<int> tokens = [.. prompt], ends = [];
        var end = tokenizer.Encode(separator);
        foreach (var step in steps)
        {
            tokens.AddRange([.. tokenizer.Encode(step), .. end]);
            ends.Add(tokens.Count - 1);
        }
        return new([.. tokens], prompt.Length, [.. ends], []);
    }
}
