using Attune.Text;

namespace Attune.Data;

/// <summary>What is done with a text that is longer than the model's context.</summary>
public enum TooLong
{
    /// <summary>The end of an answer is cut off, without the end-of-text token; of a prompt, the beginning.</summary>
    Truncate,

    /// <summary>The example is left out.</summary>
    Drop,
}

/// <summary>
/// Turns examples into tokens. A prompt and its answer are encoded one by one, as they are when a model is asked; an answer ends
/// with the end-of-text token, so that a model learns to stop. For an encoder–decoder they are two texts: the prompt gets an end of its
/// own, and the answer begins with the start token; each may fill the context. What is cut or left out is counted, and said in <see cref="Notices"/>.
/// </summary>
public sealed class TextEncoder
{
    readonly Tokenizer tokenizer;
    readonly int context;
    readonly TooLong tooLong;
    readonly int? startToken;
    readonly int eos;
    readonly int[] end;
    readonly int[] begin;
    readonly Dictionary<string, (int Count, string First)> notices = new(StringComparer.Ordinal);

    /// <param name="tokenizer">It must know an end-of-text token, or one that separates texts, as those of encoders do.</param>
    /// <param name="context">The most tokens of a row.</param>
    /// <param name="tooLong">What happens to longer ones.</param>
    /// <param name="startToken">What the decoder of an encoder–decoder begins with; null for other models.</param>
    /// <exception cref="InvalidDataException">The tokenizer has no end-of-text token.</exception>
    public TextEncoder(Tokenizer tokenizer, int context, TooLong tooLong = TooLong.Truncate, int? startToken = null)
    {
        (this.tokenizer, this.context, this.tooLong, this.startToken) = (tokenizer, context, tooLong, startToken);
        eos = tokenizer.EosId ?? tokenizer.SepId
            ?? throw new InvalidDataException("the tokenizer names no eos_token: a model could never learn to stop; add one to tokenizer_config.json");
        var frame = tokenizer.Encode("", addSpecialTokens: true);
        begin = (tokenizer.BosId ?? tokenizer.ClsId) is { } first && frame.Length > 0 && frame[0] == first ? [first] : [];
        end = startToken is null ? [] : [eos];
    }

    /// <summary>What was cut or left out: how many examples, and the first of them.</summary>
    public IEnumerable<string> Notices =>
        notices.Select(notice => $"{notice.Value.Count} {notice.Key} (the first: {notice.Value.First})");

    /// <summary>The prompt of an example, whatever stands beside it, with room for an answer.</summary>
    /// <inheritdoc cref="Prompt(Origin, string, int)"/>
    /// <exception cref="InvalidDataException">The example has no prompt.</exception>
    public TokenPrompt? Prompt(Example example, int room) => example switch
    {
        PromptOnly prompt => Prompt(example.Origin, prompt.Prompt, room),
        Demonstration demonstration => Prompt(example.Origin, demonstration.Prompt, room),
        Ranking ranking => Prompt(example.Origin, ranking.Prompt, room),
        _ => throw new InvalidDataException($"{example.Origin}: a prompt was expected"),
    };

    /// <summary>
    /// A prompt with <paramref name="room"/> tokens left for the answer, which in an encoder–decoder has a context of its own; a longer
    /// one loses its beginning, or is left out (null).
    /// </summary>
    public TokenPrompt? Prompt(Origin origin, string text, int room)
    {
        if (startToken is not null)
            room = 0;
        int[] tokens = [.. PromptTokens(text), .. end];
        if (tokens.Length == 0)
            return Skip<TokenPrompt>("empty prompts were left out", origin);
        if (tokens.Length + room <= context)
            return new(tokens, text);
        if (tooLong == TooLong.Drop || context - room <= begin.Length + end.Length)
            return Skip<TokenPrompt>($"prompts with no room for an answer of {room} tokens in a context of {context} were left out", origin);
        Note($"prompts longer than {context - room} tokens lost their beginning", origin);
        int[] cut = [.. begin, .. tokens[^(context - room - begin.Length)..]];
        return new(cut, tokenizer.Decode(cut.AsSpan(begin.Length..^end.Length)));
    }

    /// <summary>A prompt and its answer: the answer and its end are learned. Null when the example is left out.</summary>
    public TokenRow? Demonstration(Demonstration example)
    {
        if (string.IsNullOrWhiteSpace(example.Completion))
            return Skip<TokenRow>("empty completions were left out", example.Origin);
        int[] answer = [.. tokenizer.Encode(example.Completion), eos];
        return startToken is { } start
            ? Apart(example.Origin, example.Prompt, start, answer)
            : Fit(example.Origin, [(PromptTokens(example.Prompt), false), (answer, true)]);
    }

    /// <summary>
    /// A conversation up to the assistant's last message: what the assistant says is learned, and the end of the text behind it. In an
    /// encoder–decoder that is the last message alone, and what was said before it is the source.
    /// </summary>
    public TokenRow? Dialogue(Dialogue example)
    {
        var template = ChatTemplate.For(tokenizer);
        if (startToken is { } start)
            return LastAnswer(example, template, start);
        var pieces = new List<(int[] Tokens, bool Learned)> { (begin, false) };
        var written = "";
        for (var turn = 0; turn < example.Messages.Count; turn++)
        {
            if (example.Messages[turn].Role != "assistant")
                continue;
            var before = template.Render([.. example.Messages.Take(turn)], addGenerationPrompt: true);
            var after = template.Render([.. example.Messages.Take(turn + 1)], addGenerationPrompt: false);
            pieces.Add((tokenizer.Encode(before[written.Length..]), false));
            pieces.Add((tokenizer.Encode(after[before.Length..]), true));
            written = after;
        }
        if (written.Length == 0)
            return Skip<TokenRow>("conversations without a message of the assistant were left out", example.Origin);
        if (example.Messages[^1].Role == "assistant")
            pieces.Add(([eos], true));
        return Fit(example.Origin, pieces);
    }

    TokenRow? LastAnswer(Dialogue example, ChatTemplate template, int start)
    {
        var messages = example.Messages.Reverse().SkipWhile(message => message.Role != "assistant").Reverse().ToList();
        if (messages.Count == 0)
            return Skip<TokenRow>("conversations without a message of the assistant were left out", example.Origin);
        var before = template.Render(messages[..^1], addGenerationPrompt: true);
        var answer = template.Render(messages, addGenerationPrompt: false)[before.Length..];
        return Apart(example.Origin, before, start, [.. tokenizer.Encode(answer), eos]);
    }

    /// <summary>Ranked answers, each behind the prompt. Null when the example is left out.</summary>
    public TokenRanking? Ranking(Ranking example)
    {
        if (example.Ranks.Distinct().Count() == 1)
            return Skip<TokenRanking>("rankings in which all answers tie were left out: they prefer nothing", example.Origin);
        if (example.Completions.Any(string.IsNullOrWhiteSpace))
            return Skip<TokenRanking>("rankings with an empty completion were left out", example.Origin);
        var prompt = PromptTokens(example.Prompt);
        int[][] texts = [.. example.Completions.Select(completion => Answered(example.Prompt, completion))];
        if (Array.TrueForAll(texts, text => text.Length <= context))
            return new(texts, prompt.Length, [.. example.Ranks]);
        if (tooLong == TooLong.Drop || prompt.Length >= context)
            return Skip<TokenRanking>($"rankings with a text longer than {context} tokens were left out", example.Origin);
        Note($"rankings with a text longer than {context} tokens had its end cut off", example.Origin);
        return new(Array.ConvertAll(texts, text => text.Length > context ? text[..context] : text), prompt.Length, [.. example.Ranks]);
    }

    /// <summary>A document with the end of the text behind it, of any length.</summary>
    public int[] Document(string text) => [.. begin, .. tokenizer.Encode(text), eos];

    /// <summary>A prompt and an answer to it, of any length, with the end of the text behind it unless it was cut off.</summary>
    public int[] Answered(string prompt, string answer, bool ended = true) =>
        [.. PromptTokens(prompt), .. tokenizer.Encode(answer), .. ended ? (int[])[eos] : []];

    /// <summary>The end of a text that is longer than the context, behind what texts begin with.</summary>
    public int[] Cut(int[] text) => text.Length <= context ? text : [.. begin, .. text[^(context - begin.Length)..]];

    /// <summary>A prompt as answers follow it, of any length.</summary>
    public int[] PromptTokens(string text)
    {
        var tokens = tokenizer.Encode(text);
        return begin.Length > 0 && tokens.Length > 0 && tokens[0] == begin[0] ? tokens : [.. begin, .. tokens];
    }

    /// <summary>The prompt as a source, the answer behind the start token.</summary>
    TokenRow? Apart(Origin origin, string prompt, int start, int[] answer) =>
        Prompt(origin, prompt, room: 0) is { } source && Fit(origin, [([start], false), (answer, true)]) is { } row
            ? row with { Source = source.Tokens }
            : null;

    TokenRow? Fit(Origin origin, IReadOnlyCollection<(int[] Tokens, bool Learned)> pieces)
    {
        int[] tokens = [.. pieces.SelectMany(piece => piece.Tokens)];
        bool[] learned = [.. pieces.SelectMany(piece => Enumerable.Repeat(piece.Learned, piece.Tokens.Length))];
        if (tokens.Length <= context)
            return new(tokens, learned);
        if (tooLong == TooLong.Drop)
            return Skip<TokenRow>($"texts longer than {context} tokens were left out", origin);
        var row = new TokenRow(tokens[..context], learned[..context]);
        if (row.LearnedCount == 0)
            return Skip<TokenRow>($"prompts that fill the context of {context} tokens were left out with their answers", origin);
        Note($"texts longer than {context} tokens had their end cut off", origin);
        return row;
    }

    T? Skip<T>(string what, Origin origin) where T : class
    {
        Note(what, origin);
        return null;
    }

    void Note(string what, Origin origin) =>
        notices[what] = notices.TryGetValue(what, out var known) ? (known.Count + 1, known.First) : (1, origin.ToString());
}
