using Attune.Text;

namespace Attune.Data;

/// <summary>What is done with a text that is longer than the model's context.</summary>
public enum OverlongExamples
{
    /// <summary>The end of an answer is cut off, without the end-of-text token; of a prompt, the beginning.</summary>
    Truncate,

    /// <summary>The example is left out.</summary>
    Drop,
}

/// <summary>
/// Turns examples into tokens. A prompt and its answer are encoded one by one, as they are when a model is asked; an answer ends
/// with the end-of-text token, so that a model learns to stop. For an encoder–decoder they are two texts: the prompt gets an end of its
/// own, and the answer begins with the start token; each may fill the context. Conversations are written by the chat template. What is cut or left out is counted, and said in <see cref="Notices"/>.
/// </summary>
public sealed class TextEncoder
{
    readonly Tokenizer tokenizer;
    readonly int context;
    readonly OverlongExamples tooLong;
    readonly int? startToken;
    readonly int eos;
    readonly int[] end;
    readonly int[] begin;
    readonly NoticeCounts notices = new();
    readonly Lazy<ChatEncoder> chat;

    /// <param name="tokenizer">It must know an end-of-text token, or one that separates texts, as those of encoders do.</param>
    /// <param name="context">The most tokens of a row.</param>
    /// <param name="tooLong">What happens to longer ones.</param>
    /// <param name="startToken">What the decoder of an encoder–decoder begins with; null for other models.</param>
    /// <exception cref="InvalidDataException">The tokenizer has no end-of-text token.</exception>
    public TextEncoder(Tokenizer tokenizer, int context, OverlongExamples tooLong = OverlongExamples.Truncate, int? startToken = null)
    {
        (this.tokenizer, this.context, this.tooLong, this.startToken) = (tokenizer, context, tooLong, startToken);
        eos = tokenizer.EosId ?? tokenizer.SepId
            ?? throw new InvalidDataException("the tokenizer names no eos_token: a model could never learn to stop; add one to tokenizer_config.json");
        var frame = tokenizer.Encode("", addSpecialTokens: true);
        begin = (tokenizer.BosId ?? tokenizer.ClsId) is { } first && frame.Length > 0 && frame[0] == first ? [first] : [];
        end = startToken is null ? [] : [eos];
        chat = new(() => new(tokenizer, begin, eos, notices));
    }

    /// <summary>What was cut or left out: how many examples, and the first of them.</summary>
    public IEnumerable<string> Notices => notices.Sentences;

    /// <summary>The same without counts and places.</summary>
    public IEnumerable<string> NoticeKinds => notices.Kinds;

    /// <summary>The prompt of an example, whatever stands beside it, with room for an answer.</summary>
    /// <inheritdoc cref="EncodePrompt(Origin, string, int)"/>
    /// <exception cref="InvalidDataException">The example has no prompt.</exception>
    public TokenPrompt? EncodePrompt(Example example, int room) => PromptOf(example, room) is { } prompt ? prompt with { Row = example.Row } : null;

    TokenPrompt? PromptOf(Example example, int room) => example switch
    {
        PromptOnly prompt => EncodePrompt(example.Origin, prompt.Prompt, room),
        Demonstration demonstration => EncodePrompt(example.Origin, demonstration.Prompt, room),
        ComparisonExample ranking => EncodePrompt(example.Origin, ranking.Prompt, room),
        ChatExample dialogue => EncodePrompt(dialogue.Origin, PromptOf(dialogue), room),
        ChatComparisonExample ranking => EncodePrompt(ranking.Origin, ranking.Prompt, room),
        _ => throw new InvalidDataException($"{example.Origin}: a prompt was expected"),
    };

    /// <summary>The messages before the answer: those of the prompt, or all but what the assistant says at the end.</summary>
    static Conversation PromptOf(ChatExample example)
    {
        var count = example.PromptCount > 0 ? example.PromptCount : example.Messages.Count;
        while (count > 0 && example.Messages[count - 1].Role == "assistant")
            count--;
        return example.First(count);
    }

    TokenPrompt? EncodePrompt(Origin origin, Conversation conversation, int room)
    {
        if (conversation.Messages.Count == 0)
            return Skip<TokenPrompt>("conversations in which only the assistant speaks were left out", origin);
        var text = chat.Value.Prompt(origin, conversation);
        return EncodePrompt(origin, text, chat.Value.Tokens(text), room);
    }

    /// <summary>
    /// A prompt with <paramref name="room"/> tokens left for the answer, which in an encoder–decoder has a context of its own; a longer
    /// one loses its beginning, or is left out (null).
    /// </summary>
    public TokenPrompt? EncodePrompt(Origin origin, string text, int room) => EncodePrompt(origin, text, EncodeFullPrompt(text), room);

    TokenPrompt? EncodePrompt(Origin origin, string text, int[] prompt, int room)
    {
        if (startToken is not null)
            room = 0;
        int[] tokens = [.. prompt, .. end];
        if (tokens.Length == 0)
            return Skip<TokenPrompt>("empty prompts were left out", origin);
        if (tokens.Length + room <= context)
            return new(tokens, text);
        if (tooLong == OverlongExamples.Drop || context - room <= begin.Length + end.Length)
            return Skip<TokenPrompt>($"prompts with no room for an answer of {room} tokens in a context of {context} were left out", origin);
        notices.Add($"prompts longer than {context - room} tokens lost their beginning", origin);
        int[] cut = [.. begin, .. tokens[^(context - room - begin.Length)..]];
        return new(cut, tokenizer.Decode(cut.AsSpan(begin.Length..^end.Length)));
    }

    /// <summary>A prompt and its answer: the answer and its end are learned. Null when the example is left out.</summary>
    public TokenRow? EncodeDemonstration(Demonstration example)
    {
        if (string.IsNullOrWhiteSpace(example.Completion))
            return Skip<TokenRow>("empty completions were left out", example.Origin);
        var answer = EncodeTarget(example.Completion);
        return startToken is { } start
            ? EncodeSourceAndTarget(example.Origin, example.Prompt, start, answer)
            : Fit(example.Origin, EncodeFullPrompt(example.Prompt), answer);
    }

    /// <summary>
    /// A conversation up to the assistant's last message: what the assistant says is learned, and the end of the text behind it. In an
    /// encoder–decoder that is the last message alone, and what was said before it is the source.
    /// </summary>
    /// <exception cref="InvalidDataException">The chat template refuses the conversation.</exception>
    public TokenRow? EncodeChat(ChatExample example)
    {
        if (startToken is { } start)
            return LastAnswer(example, start);
        return chat.Value.Row(example) is var (tokens, learned) ? Fit(example.Origin, tokens, learned) : null;
    }

    TokenRow? LastAnswer(ChatExample example, int start)
    {
        var messages = example.Messages.Reverse().SkipWhile(message => message.Role != "assistant").Reverse().ToList();
        if (messages.Count <= Math.Max(example.PromptCount, 1))
            return Skip<TokenRow>("conversations without a message of the assistant were left out", example.Origin);
        var (prompt, answer) = chat.Value.PromptAndResponse(example.Origin, example.First(messages.Count - 1), messages[^1..]);
        return EncodeSourceAndTarget(example.Origin, prompt, start, EncodeTarget(answer));
    }

    /// <summary>An answer with the end-of-text token behind it; white space behind one that it brings is left out.</summary>
    int[] EncodeTarget(string text)
    {
        var tokens = tokenizer.Encode(text);
        var own = Array.LastIndexOf(tokens, eos);
        return own >= 0 && string.IsNullOrWhiteSpace(tokenizer.Decode(tokens.AsSpan(own + 1))) ? tokens[..(own + 1)] : [.. tokens, eos];
    }

    /// <summary>Ranked responses of every example that is not left out.</summary>
    /// <inheritdoc cref="EncodeComparisons(Example)"/>
    public IReadOnlyList<TokenComparisons> Rankings(IEnumerable<Example> examples) => [.. examples.Select(EncodeComparisons).OfType<TokenComparisons>()];

    /// <summary>Ranked answers, each behind the prompt; messages are written by the chat template. Null when the example is left out.</summary>
    /// <exception cref="InvalidDataException">
    /// The example is no ranking; or the chat template refuses it, or does not extend the prompt by an answer.
    /// </exception>
    public TokenComparisons? EncodeComparisons(Example example)
    {
        if (example is ComparisonExample ranking)
            return EncodeComparisons(ranking, EncodeFullPrompt(ranking.Prompt));
        if (example is not ChatComparisonExample dialogue)
            throw new InvalidDataException($"{example.Origin}: prompt, completions and ranks or pairs, or chosen and rejected, were expected");
        var written = AsTexts(dialogue);
        return EncodeComparisons(written, chat.Value.Tokens(written.Prompt));
    }

    /// <summary>A ranking of conversations as the chat template writes it.</summary>
    /// <exception cref="InvalidDataException">The chat template refuses it, or does not extend the prompt by an answer.</exception>
    public ComparisonExample AsTexts(ChatComparisonExample example)
    {
        var texts = example.Completions.Select(completion => chat.Value.PromptAndResponse(example.Origin, example.Prompt, completion)).ToList();
        return new(example.Origin, texts[0].Prompt, [.. texts.Select(text => text.Answer)], example.Comparisons);
    }

    /// <summary>The texts that are judged in an example, of any length: a document, an answer behind its prompt, or each of several.</summary>
    /// <exception cref="InvalidDataException">The example has no answer.</exception>
    public IReadOnlyList<int[]> EncodeForScoring(Example example) => example switch
    {
        Document document => [EncodeDocument(document.Text)],
        Demonstration demonstration => [EncodeResponse(demonstration.Prompt, demonstration.Completion)],
        ComparisonExample ranking => [.. ranking.Completions.Select(completion => EncodeResponse(ranking.Prompt, completion))],
        ChatComparisonExample dialogue when AsTexts(dialogue) is var written =>
            [.. written.Completions.Select(completion => (int[])[.. chat.Value.Tokens(written.Prompt), .. EncodeTarget(completion)])],
        ChatExample dialogue when dialogue.PromptCount < dialogue.Messages.Count && chat.Value.Row(dialogue) is var (tokens, _) => [tokens],
        _ => throw new InvalidDataException($"{example.Origin}: text, prompt and completion, or compared answers were expected"),
    };

    TokenComparisons? EncodeComparisons(ComparisonExample example, int[] prompt)
    {
        if (example.Completions.Any(string.IsNullOrWhiteSpace))
            return Skip<TokenComparisons>("rankings with an empty completion were left out", example.Origin);
        prompt = [.. prompt, .. end];
        int[][] texts = [.. example.Completions.Select(completion => (int[])[.. prompt, .. EncodeTarget(completion)])];
        var longest = startToken is null ? context : prompt.Length + context - 1;                 // a decoder has a context of its own
        if (prompt.Length > context || !Array.TrueForAll(texts, text => text.Length <= longest))
        {
            if (tooLong == OverlongExamples.Drop || prompt.Length >= Math.Min(context + 1, longest))
                return Skip<TokenComparisons>($"rankings with a text longer than {context} tokens were left out", example.Origin);
            notices.Add($"rankings with a text longer than {context} tokens had its end cut off", example.Origin);
            texts = Array.ConvertAll(texts, text => text.Length > longest ? text[..longest] : text);
        }
        Comparison[] pairs = [.. example.Comparisons.Comparisons.Where(pair => !texts[pair.Chosen].AsSpan().SequenceEqual(texts[pair.Rejected]))];
        return pairs.Length > 0
            ? new(texts, prompt.Length, pairs)
            : Skip<TokenComparisons>("rankings that prefer nothing were left out: all answers tie, are the same, or were not ranked", example.Origin);
    }

    /// <summary>A document with the end of the text behind it, of any length.</summary>
    public int[] EncodeDocument(string text) => [.. begin, .. tokenizer.Encode(text), eos];

    /// <summary>A prompt and an answer to it, of any length, with the end of the text behind it unless it was cut off.</summary>
    public int[] EncodeResponse(string prompt, string answer, bool ended = true) =>
        [.. EncodeFullPrompt(prompt), .. ended ? EncodeTarget(answer) : tokenizer.Encode(answer)];

    /// <summary>The end of a text that is longer than the context, behind what texts begin with.</summary>
    public int[] Truncate(int[] text) => text.Length <= context ? text : [.. begin, .. text[^(context - begin.Length)..]];

    /// <summary>A prompt as answers follow it, of any length.</summary>
    public int[] EncodeFullPrompt(string text)
    {
        var tokens = tokenizer.Encode(text);
        return begin.Length > 0 && tokens.Length > 0 && tokens[0] == begin[0] ? tokens : [.. begin, .. tokens];
    }

    /// <summary>The prompt as a source, the answer behind the start token.</summary>
    TokenRow? EncodeSourceAndTarget(Origin origin, string prompt, int start, int[] answer) =>
        EncodePrompt(origin, prompt, room: 0) is { } source && Fit(origin, [start], answer) is { } row
            ? row with { Source = source.Tokens }
            : null;

    TokenRow? Fit(Origin origin, int[] prompt, int[] answer) =>
        Fit(origin, [.. prompt, .. answer], [.. prompt.Select(_ => false), .. answer.Select(_ => true)]);

    TokenRow? Fit(Origin origin, int[] tokens, bool[] learned)
    {
        if (tokens.Length <= context)
            return new(tokens, learned);
        if (tooLong == OverlongExamples.Drop)
            return Skip<TokenRow>($"texts longer than {context} tokens were left out", origin);
        var row = new TokenRow(tokens[..context], learned[..context]);
        if (row.TargetCount == 0)
            return Skip<TokenRow>($"prompts that fill the context of {context} tokens were left out with their answers", origin);
        notices.Add($"texts longer than {context} tokens had their end cut off", origin);
        return row;
    }

    T? Skip<T>(string what, Origin origin) where T : class
    {
        notices.Add(what, origin);
        return null;
    }
}
