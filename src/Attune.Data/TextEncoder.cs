using System.Globalization;
using Attune.Text;

namespace Attune.Data;

/// <summary>What to do with a text that is longer than the context.</summary>
public enum OverlongExamples
{
    /// <summary>Cuts the end of a response, including its end-of-sequence token, or the beginning of a prompt.</summary>
    Truncate,

    /// <summary>Leaves the example out.</summary>
    Drop,
}

/// <summary>
/// Encodes examples as tokens. A prompt and its response are encoded separately, as in generation; a response ends with the end-of-sequence
/// token, so that the model learns to stop. For an encoder–decoder they are two sequences: the prompt ends with its own end token, the
/// response begins with the start token, and each may fill the context. Conversations are rendered by the chat template. <see
/// cref="Notices"/> counts what is cut or left out.
/// </summary>
public sealed partial class TextEncoder
{
    readonly Tokenizer tokenizer;
    readonly int context;
    readonly OverlongExamples tooLong;
    readonly int? startToken;
    readonly int eos;
    readonly int[] endIds;
    readonly int[] beginIds;
    readonly NoticeCounts notices = new();
    readonly Lazy<ChatEncoder> chat;
    readonly Lazy<TextEncoder> unlimited;

    /// <param name="tokenizer">The tokenizer; it must have an end-of-sequence token, or a separator token as encoders do.</param>
    /// <param name="context">The most tokens of a row.</param>
    /// <param name="tooLong">What to do with longer texts.</param>
    /// <param name="startToken">The start token of an encoder–decoder's decoder; null for other models.</param>
    /// <exception cref="InvalidDataException">The tokenizer has no end-of-sequence token.</exception>
    public TextEncoder(Tokenizer tokenizer, int context, OverlongExamples tooLong = OverlongExamples.Truncate, int? startToken = null)
    {
        this.tokenizer = tokenizer.TemplateTime is null ? tokenizer.WithTemplateTime(DateTime.Now) : tokenizer;     // one time for all
        (this.context, this.tooLong, this.startToken) = (context, tooLong, startToken);
        eos = tokenizer.EosId ?? tokenizer.SepId
            ?? throw new InvalidDataException(
                "the tokenizer has no eos_token, so a model could not learn to stop; add one to tokenizer_config.json");
        var frame = tokenizer.Encode("", addSpecialTokens: true);
        beginIds = (tokenizer.BosId ?? tokenizer.ClsId) is { } first && frame.Length > 0 && frame[0] == first ? [first] : [];
        endIds = startToken is null ? [] : [eos];
        chat = new(() => new(this.tokenizer, beginIds, eos, notices));
        unlimited = new(() => new(this.tokenizer, ExampleInspector.Unlimited, startToken: startToken) { Embeddings = Embeddings });
    }

    /// <summary>How many token embeddings the model has. A text with a token beyond them is an error that names its line.</summary>
    public long Embeddings { get; init; } = long.MaxValue;

    /// <summary>What was cut or left out: how many examples, and the first of them.</summary>
    public IEnumerable<string> Notices => notices.Sentences;

    /// <summary>The counts of <see cref="Notices"/>.</summary>
    internal NoticeCounts Counts => notices;

    /// <summary>An encoder with the same settings and its own counts, for another thread.</summary>
    internal TextEncoder Fork() => new(tokenizer, context, tooLong, startToken) { Embeddings = Embeddings };

    /// <summary>All that decides how a text is encoded.</summary>
    internal string Fingerprint => string.Create(CultureInfo.InvariantCulture,
        $"{tokenizer.Fingerprint} context={context} tooLong={tooLong} start={startToken} embeddings={Embeddings}");

    /// <summary>What happened since the last call, without counts and origins.</summary>
    internal IReadOnlyCollection<string> TakeLatestNotices() => notices.TakeLatest();

    /// <summary>The prompt of any example that has one, with room for a response.</summary>
    /// <inheritdoc cref="EncodePrompt(Origin, string, int)"/>
    /// <exception cref="InvalidDataException">The example has no prompt.</exception>
    public TokenPrompt? EncodePrompt(Example example, int room) =>
        PromptOf(example, room) is { } prompt ? prompt with { Row = example.Row } : null;

    TokenPrompt? PromptOf(Example example, int room) => example switch
    {
        PromptOnly prompt => EncodePrompt(example.Origin, prompt.Prompt, room),
        Demonstration demonstration => EncodePrompt(example.Origin, demonstration.Prompt, room),
        ComparisonExample ranking => EncodePrompt(example.Origin, ranking.Prompt, room),
        ChatExample dialogue => EncodePrompt(dialogue.Origin, PromptOf(dialogue), room),
        ChatComparisonExample ranking => EncodePrompt(ranking.Origin, ranking.Prompt, room),
        LabelledExample labelled => PromptOf(labelled.Response, room),
        RewardedExample rewarded => PromptOf(rewarded.Response, room),
        AlternatingTexts alternating =>
            EncodePrompt(
                example.Origin, string.Concat(alternating.Texts.SkipLast(1)), Alternating(alternating.Texts.SkipLast(1)), room),
        StepwiseExample stepwise => EncodePrompt(example.Origin, stepwise.Prompt, room),
        _ => throw new InvalidDataException($"{example.Origin}: the example has no prompt"),
    };

    /// <summary>The messages before the response: those of the prompt, or all but the last assistant messages.</summary>
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
            return Skip<TokenPrompt>("conversations with only assistant messages were left out", origin);
        var text = chat.Value.Prompt(origin, conversation);
        return EncodePrompt(origin, text, chat.Value.Tokens(text), room) is { } prompt ? prompt with { IsConversation = true } : null;
    }

    /// <summary>
    /// A prompt that leaves <paramref name="room"/> tokens for the response (an encoder–decoder's response has a context of its own). A
    /// longer prompt is cut at its beginning, or left out (null).
    /// </summary>
    public TokenPrompt? EncodePrompt(Origin origin, string text, int room) => EncodePrompt(origin, text, EncodeFullPrompt(text), room);

    TokenPrompt? EncodePrompt(Origin origin, string text, int[] prompt, int room)
    {
        RequireEmbeddings(prompt, origin);
        if (startToken is not null)
            room = 0;
        int[] tokens = [.. prompt, .. endIds];
        if (tokens.Length == 0)
            return Skip<TokenPrompt>("empty prompts were left out", origin);
        if (tokens.Length + room <= context)
            return new(tokens, text);
        if (tooLong == OverlongExamples.Drop || context - room <= beginIds.Length + endIds.Length)
            return Skip<TokenPrompt>($"prompts that leave no room for a response of {room} tokens in a context of {context} were left out",
                origin);
        notices.Add($"prompts longer than {context - room} tokens were cut at the beginning", origin);
        int[] cut = [.. beginIds, .. tokens[^(context - room - beginIds.Length)..]];
        return new(cut, tokenizer.Decode(cut.AsSpan(beginIds.Length..^endIds.Length)));
    }

    /// <summary>A prompt and its response; the loss covers the response with its end token. Null when the example is left out.</summary>
    public TokenRow? EncodeDemonstration(Demonstration example)
    {
        if (string.IsNullOrWhiteSpace(example.Completion))
            return Skip<TokenRow>("empty completions were left out", example.Origin);
        var answer = EncodeTarget(example.Completion);
        return startToken is { } start
            ? EncodeSourceAndTarget(example.Origin, example.Prompt, start, answer)
            : TruncateOrDrop(example.Origin, EncodeFullPrompt(example.Prompt), answer);
    }

    /// <summary>
    /// A conversation up to its last assistant message; the loss covers the assistant messages and the end token. For an encoder–decoder,
    /// the target is the last message and the source all messages before it.
    /// </summary>
    /// <exception cref="InvalidDataException">The chat template rejects the conversation.</exception>
    public TokenRow? EncodeChat(ChatExample example)
    {
        if (startToken is { } start)
            return LastAnswer(example, start);
        return chat.Value.Row(example) is var (tokens, learned) ? TruncateOrDrop(example.Origin, tokens, learned) : null;
    }

    TokenRow? LastAnswer(ChatExample example, int start)
    {
        var messages = example.Messages.Reverse().SkipWhile(message => message.Role != "assistant").Reverse().ToList();
        if (messages.Count <= Math.Max(example.PromptCount, 1))
            return Skip<TokenRow>("conversations without an assistant message were left out", example.Origin);
        var (prompt, answer) = chat.Value.PromptAndResponse(example.Origin, example.First(messages.Count - 1), messages[^1..]);
        return EncodeSourceAndTarget(example.Origin, prompt, start, EncodeTarget(answer));
    }

    /// <summary>A response with the end-of-sequence token; white space after an end token that it already has is removed.</summary>
    int[] EncodeTarget(string text)
    {
        var tokens = tokenizer.Encode(text);
        var lastEos = Array.LastIndexOf(tokens, eos);
        return lastEos >= 0 && string.IsNullOrWhiteSpace(tokenizer.Decode(tokens.AsSpan(lastEos + 1))) ? tokens[..(lastEos + 1)]
            : [.. tokens, eos];
    }

    /// <summary>
    /// The texts of an example that a reward model scores, of any length: a document, a response after its prompt, or each of several.
    /// </summary>
    /// <exception cref="InvalidDataException">The example has no response.</exception>
    public IReadOnlyList<int[]> EncodeForScoring(Example example) =>
        [.. ScoredTexts(example).Select(text => RequireEmbeddings(text, example.Origin))];

    IReadOnlyList<int[]> ScoredTexts(Example example) => example switch
    {
        Document document => [DocumentTokens(document.Text)],
        Demonstration demonstration => [ResponseTokens(demonstration.Prompt, demonstration.Completion)],
        ComparisonExample ranking => [.. ranking.Completions.Select(completion => ResponseTokens(ranking.Prompt, completion))],
        ChatComparisonExample dialogue when AsTexts(dialogue) is var written =>
            [.. written.Completions.Select(completion => (int[])[.. chat.Value.Tokens(written.Prompt), .. EncodeTarget(completion)])],
        LabelledExample labelled => ScoredTexts(labelled.Response),
        RewardedExample rewarded => ScoredTexts(rewarded.Response),
        AlternatingTexts alternating => [[.. Alternating(alternating.Texts.SkipLast(1)), .. EncodeTarget(alternating.Texts[^1])]],
        ChatExample { IsPrompt: false } dialogue when chat.Value.Row(dialogue) is var (tokens, _) => [tokens],
        _ => throw new InvalidDataException(
            $"{example.Origin}: the example has nothing to score (text; prompt and completion; or compared completions)"),
    };

    /// <summary>A document of any length with its end token.</summary>
    public int[] EncodeDocument(Document document) => RequireEmbeddings(DocumentTokens(document.Text), document.Origin);

    int[] DocumentTokens(string text) => [.. beginIds, .. tokenizer.Encode(text), eos];

    /// <summary>A prompt and a response of any length, with the end token unless the response was cut.</summary>
    public int[] EncodeResponse(string prompt, string answer, bool ended = true) =>
        RequireEmbeddings(ResponseTokens(prompt, answer, ended), "a response");

    int[] ResponseTokens(string prompt, string answer, bool ended = true) =>
        [.. EncodeFullPrompt(prompt), .. ended ? EncodeTarget(answer) : tokenizer.Encode(answer)];

    /// <summary>The end of a text that is longer than the context, after the tokens with which the tokenizer begins a text.</summary>
    public int[] Truncate(int[] text) => text.Length <= context ? text : [.. beginIds, .. text[^(context - beginIds.Length)..]];

    /// <summary>A prompt as responses follow it, of any length.</summary>
    public int[] EncodeFullPrompt(string text)
    {
        var tokens = tokenizer.Encode(text);
        return beginIds.Length > 0 && tokens.Length > 0 && tokens[0] == beginIds[0] ? tokens : [.. beginIds, .. tokens];
    }

    /// <summary>The prompt as the source, the response after the start token.</summary>
    TokenRow? EncodeSourceAndTarget(Origin origin, string prompt, int start, int[] answer) =>
        EncodePrompt(origin, prompt, room: 0) is { } source && TruncateOrDrop(origin, [start], answer) is { } row
            ? row with { Source = source.Tokens }
            : null;

    TokenRow? TruncateOrDrop(Origin origin, int[] prompt, int[] answer) =>
        TruncateOrDrop(origin, [.. prompt, .. answer], [.. prompt.Select(_ => false), .. answer.Select(_ => true)]);

    TokenRow? TruncateOrDrop(Origin origin, int[] tokens, bool[] learned)
    {
        RequireEmbeddings(tokens, origin);
        if (tokens.Length <= context)
            return new(tokens, learned);
        if (tooLong == OverlongExamples.Drop)
            return Skip<TokenRow>($"texts longer than {context} tokens were left out", origin);
        var row = new TokenRow(tokens[..context], learned[..context]);
        if (row.TargetCount == 0)
            return Skip<TokenRow>($"prompts that fill the context of {context} tokens were left out", origin);
        notices.Add($"texts longer than {context} tokens were cut at the end", origin);
        return row;
    }

    /// <summary>The same tokens.</summary>
    /// <exception cref="InvalidDataException">The model has no embedding for a token.</exception>
    int[] RequireEmbeddings(int[] tokens, object where)
    {
        var at = Array.FindIndex(tokens, token => token >= Embeddings);
        return at < 0 ? tokens : throw new InvalidDataException(
            $"{where}: the token '{tokenizer.IdToToken(tokens[at])}' has the id {tokens[at]}, but the model has embeddings for "
            + $"{Embeddings:N0} tokens, ids 0 to {Embeddings - 1}. Use the tokenizer that the model was trained with, or remove the "
            + "token from the text or from the chat template");
    }

    T? Skip<T>(string what, Origin origin) where T : class
    {
        notices.Add(what, origin);
        return null;
    }
}
