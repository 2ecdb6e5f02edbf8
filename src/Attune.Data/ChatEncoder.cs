using System.Text.Encodings.Web;
using System.Text.Json;
using Attune.Text;

namespace Attune.Data;

/// <summary>
/// Conversations to tokens by the tokenizer's chat template, as transformers does: the text that the template renders is encoded as one,
/// and no special token is added to it. What is learned is what the template marks by <c>{% generation %}</c>; without such marks, what
/// a turn of the assistant adds to the opened prompt before it. A tokenizer without a template writes ChatML.
/// </summary>
sealed class ChatEncoder
{
    static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly Tokenizer tokenizer;
    readonly NoticeCounts notices;
    readonly int eos;
    readonly int[] begin;
    readonly bool wouldDouble;
    readonly ChatTemplate template;

    /// <param name="tokenizer">With its template.</param>
    /// <param name="begin">The beginning-of-text token, if the tokenizer puts one before a text.</param>
    /// <param name="eos">The end-of-text token.</param>
    /// <param name="notices">Told of what is wrong with a template or a conversation.</param>
    public ChatEncoder(Tokenizer tokenizer, int[] begin, int eos, NoticeCounts notices)
    {
        (this.tokenizer, this.eos, this.notices) = (tokenizer, eos, notices);
        template = ChatTemplate.FromTokenizer(tokenizer);
        this.begin = HasOwnTemplate ? [] : begin;
        wouldDouble = HasOwnTemplate && begin.Length > 0;
    }

    bool HasOwnTemplate => tokenizer.ChatTemplate is not null;

    /// <summary>The tokens of a text that the template has written.</summary>
    public int[] Tokens(string text) => [.. begin, .. tokenizer.Encode(text)];

    /// <summary>A conversation with the opening of an answer behind it.</summary>
    /// <exception cref="InvalidDataException">The template refuses it.</exception>
    public string Prompt(Origin origin, Conversation conversation)
    {
        NoteTemplate(origin);
        return Render(origin, conversation, opensAnswer: true);
    }

    /// <summary>An opened prompt, and what an answer adds to it.</summary>
    /// <exception cref="InvalidDataException">The template refuses the conversation, or does not extend the prompt by the answer.</exception>
    public (string Prompt, string Answer) PromptAndResponse(Origin origin, Conversation prompt, IReadOnlyList<Message> answer)
    {
        var before = Prompt(origin, prompt);
        var after = Render(origin, prompt with { Messages = [.. prompt.Messages, .. answer] }, opensAnswer: false);
        return after.StartsWith(before, StringComparison.Ordinal)
            ? (before, after[before.Length..])
            : throw new InvalidDataException(
                $"{origin}: the chat template does not extend the prompt by the answer: {Divergence(before, after)}. Answers to one prompt can only "
                + "be compared behind the same text; give the data as texts, or use a template whose answer begins where add_generation_prompt ends");
    }

    /// <summary>A conversation up to the assistant's last message, with what is learned. Null when there is nothing to learn.</summary>
    /// <exception cref="InvalidDataException">The template refuses the conversation.</exception>
    public (int[] Tokens, bool[] Learned)? Row(ChatExample example)
    {
        var count = example.Messages.Count;
        while (count > example.PromptCount && example.Messages[count - 1].Role != "assistant")
            count--;
        if (count <= example.PromptCount)
            return Nothing("conversations without a message of the assistant were left out", example.Origin);
        NoteTemplate(example.Origin);
        var whole = Rendered(example.Origin, example.First(count), opensAnswer: false);
        var spans = template.HasGenerationMarks ? Marked(example, whole) : Added(example, count, whole.Text);
        if (spans.Count == 0)
            return Nothing(template.HasGenerationMarks
                ? "conversations in which the template's {% generation %} marks nothing were left out"
                : "conversations whose prompt the template writes otherwise once the answer stands behind it were left out", example.Origin);
        var encoding = tokenizer.EncodeBatch([(whole.Text, null)], addSpecialTokens: false)[0];
        if (!template.HasGenerationMarks)
            spans = spans.ConvertAll(span => span with { End = LastBorder(encoding, span.End) });
        NoteBorders(example.Origin, encoding, spans);
        NoteBeginning(example.Origin, encoding.Ids);
        int[] tokens = [.. begin, .. encoding.Ids];
        bool[] learned = [.. begin.Select(_ => false), .. encoding.Covered(spans)];
        return example.Messages[^1].Role == "assistant" ? Ended(example.Origin, tokens, learned) : (tokens, learned);
    }

    /// <summary>What {% generation %} marks, of the completion alone where the example has one.</summary>
    List<Offset> Marked(ChatExample example, RenderedChat whole)
    {
        var from = example.PromptCount == 0 ? 0 : CodePoints(whole.Text, Shared(whole.Text, Render(example.Origin, example.First(example.PromptCount), opensAnswer: true)));
        return [.. whole.Generated.Where(span => span.End > from).Select(span => span with { Start = Math.Max(span.Start, from) }).Where(span => span.End > span.Start)];
    }

    /// <summary>What each turn of the assistant adds to the opened prompt before it.</summary>
    List<Offset> Added(ChatExample example, int count, string whole)
    {
        var spans = new List<Offset>();
        for (var turn = example.PromptCount; turn < count; turn++)
            if (example.Messages[turn].Role == "assistant" && Turn(example, turn, turn == count - 1, whole) is var (start, end) && start < end)
                spans.Add(new(CodePoints(whole, start), CodePoints(whole, end)));
        return spans;
    }

    /// <summary>
    /// Where a turn of the assistant stands in the whole text. A template may rewrite earlier turns once later ones follow (thoughts are
    /// taken out): such a turn is not learned. It may also open an answer otherwise than it writes one: then what is learned begins where
    /// the two part.
    /// </summary>
    (int Start, int End)? Turn(ChatExample example, int turn, bool isLast, string whole)
    {
        var opened = Render(example.Origin, example.First(turn), opensAnswer: true);
        var end = isLast ? whole.Length : Shared(Render(example.Origin, example.First(turn + 1), opensAnswer: false), whole);
        var start = Shared(opened, whole);
        if (!isLast && !Holds(whole.AsSpan(Math.Min(start, end)..end), example.Messages[turn]))
        {
            notices.Add("conversations have earlier turns that the chat template writes otherwise once later ones follow: what differs is not learned", example.Origin);
            return start == opened.Length ? (start, end) : null;
        }
        if (start == opened.Length)
            return (start, end);
        if (start < Shared(opened, Render(example.Origin, example.First(turn), opensAnswer: false)))
            return null;
        notices.Add("conversations have answers that do not extend the opened prompt (the chat template writes an answer otherwise than "
            + "add_generation_prompt opens it): what is learned begins where the two part, and a model that is asked sees another prompt than in training", example.Origin);
        return (start, end);
    }

    /// <summary>Whether a stretch has the whole of what a message says.</summary>
    static bool Holds(ReadOnlySpan<char> stretch, Message message) =>
        !message.Fields.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String
        || stretch.Contains(content.GetString().AsSpan().Trim(), StringComparison.Ordinal);

    string Render(Origin origin, Conversation conversation, bool opensAnswer) => Rendered(origin, conversation, opensAnswer).Text;

    RenderedChat Rendered(Origin origin, Conversation conversation, bool opensAnswer)
    {
        try
        {
            return template.Render(conversation, opensAnswer);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{origin}: {error.Message}", error);
        }
    }

    /// <summary>The end-of-text token behind the last answer, where the template leaves it out.</summary>
    (int[] Tokens, bool[] Learned) Ended(Origin origin, int[] tokens, bool[] learned)
    {
        var last = Array.LastIndexOf(learned, true);
        var start = last < 0 ? 0 : Array.LastIndexOf(learned, false, last) + 1;
        var at = last < 0 ? -1 : Array.IndexOf(tokens, eos, start);
        if (at >= 0 && at <= last)
            return (tokens, learned);
        if (at > last)
        {
            notices.Add($"conversations have {Name(eos)} behind the answer where the template's {{% generation %}} does not mark it: a model does not learn to stop", origin);
            return (tokens, learned);
        }
        if (HasOwnTemplate)
            notices.Add($"conversations have no {Name(eos)} behind the answer, for the chat template writes none: one was put behind the last, so that a model learns to stop", origin);
        return ([.. tokens, eos], [.. learned, true]);
    }

    /// <summary>Where the token begins that reaches over a place; the place itself where none does.</summary>
    static int LastBorder(Encoding encoding, int at) =>
        encoding.Offsets.Where(token => token.Start < at && token.End > at).Select(token => token.Start).DefaultIfEmpty(at).Min();

    void NoteTemplate(Origin origin)
    {
        if (!HasOwnTemplate)
            notices.Add("conversations were written as ChatML, for the tokenizer has no chat template", origin);
    }

    void NoteBeginning(Origin origin, int[] tokens)
    {
        if (tokenizer.BosId is not { } bos || tokens.Length == 0 || tokens[0] != bos)
            return;
        if (tokens.Length > 1 && tokens[1] == bos)
            notices.Add($"conversations begin with {Name(bos)} twice", origin);
        else if (wouldDouble)
            notices.Add($"conversations begin with the chat template's own {Name(bos)}, and the tokenizer would add another: the template's is the only one here, "
                + "and other programs must encode such texts without special tokens", origin);
    }

    void NoteBorders(Origin origin, Encoding encoding, List<Offset> spans)
    {
        if (spans.Any(span => encoding.Offsets.Any(token => token.Start < span.Start && token.End > span.Start)))
            notices.Add("conversations have a token that reaches over the border of prompt and answer: a model that is asked sees another token there", origin);
    }

    (int[], bool[])? Nothing(string what, Origin origin)
    {
        notices.Add(what, origin);
        return null;
    }

    string Name(int token) => tokenizer.IdToToken(token) ?? $"token {token}";

    static int Shared(string a, string b) => a.AsSpan().CommonPrefixLength(b);

    static int CodePoints(string text, int units) => text.Take(units).Count(unit => !char.IsLowSurrogate(unit));

    static string Divergence(string before, string after)
    {
        var shared = Shared(before, after);
        return $"behind {Quoted(before[Math.Max(0, shared - 20)..shared])} the prompt goes on with {Quoted(before[shared..])} and the whole with {Quoted(after[shared..])}";
    }

    static string Quoted(string text) => JsonSerializer.Serialize(text.Length > 30 ? text[..30] + "…" : text, Readable);
}
