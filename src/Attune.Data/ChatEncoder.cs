using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text;

namespace Attune.Data;

/// <summary>
/// Encodes conversations with the tokenizer's chat template, as transformers does: the rendered text is encoded at once, without special
/// tokens. The loss covers what the template marks by <c>{% generation %}</c>; without such marks, what each assistant message adds to the
/// text before it with the generation prompt. A tokenizer without a template uses ChatML.
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

    /// <param name="tokenizer">The tokenizer, with its chat template.</param>
    /// <param name="begin">The beginning-of-text token, if the tokenizer adds one.</param>
    /// <param name="eos">The end-of-sequence token.</param>
    /// <param name="notices">Counts problems of the template and of conversations.</param>
    public ChatEncoder(Tokenizer tokenizer, int[] begin, int eos, NoticeCounts notices)
    {
        (this.tokenizer, this.eos, this.notices) = (tokenizer, eos, notices);
        template = ChatTemplate.FromTokenizer(tokenizer);
        this.begin = HasOwnTemplate ? [] : begin;
        wouldDouble = HasOwnTemplate && begin.Length > 0;
    }

    bool HasOwnTemplate => tokenizer.ChatTemplate is not null;

    /// <summary>The tokens of a text that the template rendered.</summary>
    public int[] Tokens(string text) => [.. begin, .. tokenizer.Encode(text)];

    /// <summary>A conversation followed by the generation prompt.</summary>
    /// <exception cref="InvalidDataException">The template rejects the conversation.</exception>
    public string Prompt(Origin origin, Conversation conversation)
    {
        NoteTemplate(origin);
        var text = Render(origin, conversation, opensAnswer: true);
        NoteUnwritten(origin, conversation, text);
        return text;
    }

    /// <summary>A prompt with the generation prompt, and what the response adds to it.</summary>
    /// <exception cref="InvalidDataException">The template rejects the conversation, or the rendered response does not extend the
    /// prompt.</exception>
    public (string Prompt, string Answer) PromptAndResponse(Origin origin, Conversation prompt, IReadOnlyList<Message> answer)
    {
        var before = Prompt(origin, prompt);
        var whole = prompt with { Messages = [.. prompt.Messages, .. answer] };
        var after = Render(origin, whole, opensAnswer: false);
        NoteUnwritten(origin, whole, after);
        return after.StartsWith(before, StringComparison.Ordinal)
            ? (before, after[before.Length..])
            : throw new InvalidDataException(
                $"{origin}: the chat template does not render the response after the same prompt: {Divergence(before, after)}. "
                + "Responses to one prompt can only be compared after the same text; give the data as texts, "
                + "or use a template whose response begins where add_generation_prompt ends");
    }

    /// <summary>A conversation up to its last assistant message, with the loss mask; null when nothing is in the loss.</summary>
    /// <exception cref="InvalidDataException">The template rejects the conversation.</exception>
    public (int[] Tokens, bool[] Learned)? Row(ChatExample example)
    {
        var count = example.Messages.Count;
        while (count > example.PromptCount && example.Messages[count - 1].Role != "assistant")
            count--;
        if (count <= example.PromptCount)
            return SkipExample("conversations without an assistant message were left out", example.Origin);
        NoteTemplate(example.Origin);
        var marksGeneration = template.For(example.Context).HasGenerationMarks;
        var rendered = Rendered(example.Origin, example.First(count), opensAnswer: false);
        NoteUnwritten(example.Origin, example.First(count), rendered.Text);
        var spans = marksGeneration ? MarkedSpans(example, rendered) : AssistantSpans(example, count, rendered.Text);
        if (spans.Count == 0)
            return SkipExample(marksGeneration
                ? "conversations in which the template's {% generation %} marks nothing were left out"
                : "conversations whose responses the chat template does not write after their prompt were left out", example.Origin);
        var encoding = tokenizer.EncodeBatch([(rendered.Text, null)], addSpecialTokens: false)[0];
        if (!marksGeneration)
            spans = spans.ConvertAll(span => span with { End = LastBorder(encoding, span.End) });
        NoteBorders(example.Origin, encoding, spans);
        NoteBeginning(example.Origin, encoding.Ids);
        int[] tokens = [.. begin, .. encoding.Ids];
        bool[] learned = [.. begin.Select(_ => false), .. encoding.Covered(spans)];
        return example.Messages[^1].Role == "assistant" ? WithEos(example.Origin, tokens, learned) : (tokens, learned);
    }

    /// <summary>What {% generation %} marks; only in the completion where the example has one.</summary>
    List<Offset> MarkedSpans(ChatExample example, RenderedChat rendered)
    {
        var from = example.PromptCount == 0 ? 0
            : CodePoints(rendered.Text,
                Shared(rendered.Text, Render(example.Origin, example.First(example.PromptCount), opensAnswer: true)));
        return [.. rendered.Generated.Where(span => span.End > from).Select(span => span with { Start = Math.Max(span.Start, from) })
            .Where(span => span.End > span.Start)];
    }

    /// <summary>What each assistant message adds to the text before it with the generation prompt.</summary>
    List<Offset> AssistantSpans(ChatExample example, int count, string rendered)
    {
        var spans = new List<Offset>();
        for (var turn = example.PromptCount; turn < count; turn++)
            if (example.Messages[turn].Role == "assistant" && Turn(example, turn, turn == count - 1, rendered) is var (start, end)
                && start < end)
                spans.Add(new(CodePoints(rendered, start), CodePoints(rendered, end)));
        return spans;
    }

    /// <summary>
    /// The span of an assistant message in the rendered text. A template may render an earlier message differently when later ones follow
    /// (it may remove reasoning): such a message is not part of the loss. It may also open a response differently from how it renders one:
    /// then the loss begins where the two texts differ. So it does for a second response in a row that the template joins to the first.
    /// </summary>
    (int Start, int End)? Turn(ChatExample example, int turn, bool isLast, string rendered)
    {
        var (message, origin) = (example.Messages[turn], example.Origin);
        var closed = isLast ? rendered : Render(origin, example.First(turn + 1), opensAnswer: false);
        if (!IsWritten(origin, example.First(turn + 1), turn, closed))
            return null;
        var opened = Render(origin, example.First(turn), opensAnswer: true);
        var start = Shared(opened, rendered);
        var end = rendered.Length;
        if (!isLast)
        {
            end = Shared(closed, rendered);
            if (!Holds(rendered.AsSpan(Math.Min(start, end)..end), message))
            {
                notices.Add("conversations have earlier messages that the chat template renders differently when later ones follow: "
                    + "they are not part of the loss", origin);
                return start == opened.Length ? (start, end) : null;
            }
            if (end < closed.Length)
                end = OwnEnd(rendered, start, end, message);
        }
        if (start == opened.Length)
            return (start, end);
        var joinsBefore = turn > 0 && example.Messages[turn - 1].Role == "assistant" && Holds(rendered.AsSpan(start..end), message);
        if (!joinsBefore && start < Shared(opened, Render(origin, example.First(turn), opensAnswer: false)))
        {
            notices.Add("conversations have responses before which the chat template writes a different prompt than without them: "
                + "they are not part of the loss", origin);
            return null;
        }
        notices.Add("conversations have responses that do not extend the generation prompt (the chat template renders a response "
            + "differently from how add_generation_prompt opens it): the loss begins where the two texts differ, "
            + "and generation sees a different prompt than training", origin);
        return (start, end);
    }

    /// <summary>
    /// The end of a response that the template closes differently before another message. What the two texts share after the content may
    /// be the beginning of the next header, so only white space and special tokens there belong to the response.
    /// </summary>
    int OwnEnd(string rendered, int start, int end, Message message)
    {
        if (message.Fields.TryGetProperty("tool_calls", out _) || TextOf(message) is not { } content)
            return end;
        var at = rendered.LastIndexOf(content, end - 1, end - start, StringComparison.Ordinal) + content.Length;
        while (at < end && OwnLength(rendered.AsSpan(at..end)) is > 0 and var length)
            at += length;
        return at;
    }

    int OwnLength(ReadOnlySpan<char> rest)
    {
        if (char.IsWhiteSpace(rest[0]))
            return 1;
        var longest = 0;
        foreach (var token in tokenizer.SpecialTokens)
            if (token.Length > longest && rest.StartsWith(token, StringComparison.Ordinal))
                longest = token.Length;
        return longest;
    }

    /// <summary>Whether a span contains all of a message's content.</summary>
    static bool Holds(ReadOnlySpan<char> stretch, Message message) =>
        TextOf(message) is not { } content || stretch.Contains(content, StringComparison.Ordinal);

    /// <summary>A message's text without white space around it; null where there is none.</summary>
    static string? TextOf(Message message) =>
        message.Fields.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String
            && content.GetString()!.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>Reports the messages whose text the template does not write, such as those of a role that it does not know.</summary>
    void NoteUnwritten(Origin origin, Conversation conversation, string rendered)
    {
        if (template.For(conversation).ReadsParts)
            notices.Add(
                "conversations were given to the chat template with content as a list of parts, because it writes no other", origin);
        foreach (var (at, message) in conversation.Messages.Index())
            if (!Holds(rendered, message) && !IsWritten(origin, conversation, at, Render(origin, conversation, opensAnswer: false)))
                notices.Add(
                    $"conversations have a message of the role '{message.Role}' whose text the chat template does not write", origin);
    }

    /// <summary>Whether the rendered text of a conversation depends on the text of a message.</summary>
    bool IsWritten(Origin origin, Conversation conversation, int at, string rendered)
    {
        var message = conversation.Messages[at];
        if (Holds(rendered, message))
            return true;
        var fields = JsonNode.Parse(message.Fields.GetRawText())!.AsObject();
        fields["content"] = "0";
        Message[] changed = [.. conversation.Messages];
        changed[at] = new(JsonSerializer.SerializeToElement(fields));
        try
        {
            return Render(origin, conversation with { Messages = changed }, opensAnswer: false) != rendered;
        }
        catch (InvalidDataException)                               // the template checks the text
        {
            return true;
        }
    }

    string Render(Origin origin, Conversation conversation, bool opensAnswer) => Rendered(origin, conversation, opensAnswer).Text;

    RenderedChat Rendered(Origin origin, Conversation conversation, bool opensAnswer)
    {
        try
        {
            return template.Render(template.Adapt(conversation), opensAnswer);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{origin}: {error.Message}", error);
        }
    }

    /// <summary>Adds the end-of-sequence token after the last response where the template does not.</summary>
    (int[] Tokens, bool[] Learned) WithEos(Origin origin, int[] tokens, bool[] learned)
    {
        var last = Array.LastIndexOf(learned, true);
        var start = last < 0 ? 0 : Array.LastIndexOf(learned, false, last) + 1;
        var at = last < 0 ? -1 : Array.IndexOf(tokens, eos, start);
        if (at >= 0 && at <= last)
            return (tokens, learned);
        if (at > last)
        {
            notices.Add($"conversations have {Name(eos)} after the response, but the template's {{% generation %}} does not mark it: "
                + "the model does not learn to stop", origin);
            return (tokens, learned);
        }
        if (HasOwnTemplate)
            notices.Add($"conversations have no {Name(eos)} after the response, because the chat template writes none: "
                + "one was added after the last response, so that the model learns to stop", origin);
        return ([.. tokens, eos], [.. learned, true]);
    }

    /// <summary>The start of the token that spans a position; the position itself where no token spans it.</summary>
    static int LastBorder(Encoding encoding, int at) =>
        encoding.Offsets.Where(token => token.Start < at && token.End > at).Select(token => token.Start).DefaultIfEmpty(at).Min();

    void NoteTemplate(Origin origin)
    {
        if (!HasOwnTemplate)
            notices.Add("conversations were rendered as ChatML, because the tokenizer has no chat template", origin);
    }

    void NoteBeginning(Origin origin, int[] tokens)
    {
        if (tokenizer.BosId is not { } bos || tokens.Length == 0 || tokens[0] != bos)
            return;
        if (tokens.Length > 1 && tokens[1] == bos)
            notices.Add($"conversations begin with {Name(bos)} twice", origin);
        else if (wouldDouble)
            notices.Add($"conversations begin with the chat template's own {Name(bos)}, and the tokenizer would add another one: "
                + "only the template's is used here, and other programs must encode such texts without special tokens", origin);
    }

    void NoteBorders(Origin origin, Encoding encoding, List<Offset> spans)
    {
        if (spans.Any(span => encoding.Offsets.Any(token => token.Start < span.Start && token.End > span.Start)))
            notices.Add("conversations have a token that spans the end of the prompt and the start of the response: "
                + "generation sees a different token there", origin);
    }

    (int[], bool[])? SkipExample(string what, Origin origin)
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
        return $"after {Quoted(before[Math.Max(0, shared - 20)..shared])} the prompt continues with {Quoted(before[shared..])}, "
            + $"the full text with {Quoted(after[shared..])}";
    }

    static string Quoted(string text) => JsonSerializer.Serialize(text.Length > 30 ? text[..30] + "…" : text, Readable);
}
