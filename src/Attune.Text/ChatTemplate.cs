using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Jinja;

namespace Attune.Text;

/// <summary>
/// A tokenizer's chat template, which writes a conversation as one text, with the result of transformers' <c>apply_chat_template</c>. A
/// template is untrusted: it can read only the conversation, and its work, depth and output are limited. Compiled once, and safe to use
/// from several threads.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>
    /// ChatML, <c>&lt;|im_start|&gt;role\ncontent&lt;|im_end|&gt;\n</c> for each message; for tokenizers that have no template. Tools are
    /// a system message, and their calls have the form of Hermes.
    /// </summary>
    public const string ChatMl =
        "{% if tools %}{{ '<|im_start|>system\\nFunctions, which <tool_call>{\"name\": ..., \"arguments\": {...}}</tool_call> calls:\\n' }}"
        + "{% for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endif %}"
        + "{% for message in messages %}"
        + "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}"
        + "{% for call in message['tool_calls'] or [] %}{% set call = call['function'] or call %}"
        + "{{ '<tool_call>' + {'name': call['name'], 'arguments': call['arguments']} | tojson + '</tool_call>' }}{% endfor %}"
        + "{{ '<|im_end|>' + '\\n' }}"
        + "{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>The markers of ChatML, special tokens of <see cref="Tokenizer.WithChatMl"/>.</summary>
    public static IReadOnlyList<string> ChatMlTokens { get; } = ["<|im_start|>", "<|im_end|>"];

    const string Mark = "CONTINUE_FINAL_MESSAGE_TAG ";             // as in transformers, which cuts the text there

    readonly JinjaTemplate template;
    readonly IReadOnlyDictionary<string, string> specialTokens;
    readonly ChatTemplate? toolUse;
    readonly DateTime now;
    readonly bool knowsDeveloper;
    readonly Lazy<bool> readsParts;

    /// <param name="jinja">The template's source.</param>
    /// <param name="specialTokens">Tokens that the template uses by name, such as <c>bos_token</c>.</param>
    /// <param name="toolUse">The source for conversations with tools; null for <paramref name="jinja"/>.</param>
    /// <exception cref="InvalidDataException">A source is invalid; the message names the line.</exception>
    public ChatTemplate(string jinja, IReadOnlyDictionary<string, string>? specialTokens = null, string? toolUse = null)
    {
        template = new(jinja);
        Source = jinja;
        this.specialTokens = specialTokens ?? new Dictionary<string, string>(StringComparer.Ordinal);
        this.toolUse = toolUse is null ? null : new(toolUse, specialTokens);
        now = DateTime.Now;
        knowsDeveloper = jinja.Contains("developer", StringComparison.Ordinal);
        readsParts = new(ReadsPartsOnly);
    }

    ChatTemplate(ChatTemplate other, DateTime now)
    {
        (template, specialTokens, this.now, Source) = (other.template, other.specialTokens, now, other.Source);
        (knowsDeveloper, readsParts, toolUse) = (other.knowsDeveloper, other.readsParts, other.toolUse?.At(now));
    }

    /// <summary>The chat template of a tokenizer, or ChatML if it has none, with the tokenizer's time or the current one.</summary>
    /// <exception cref="InvalidDataException">The tokenizer's template is invalid.</exception>
    public static ChatTemplate FromTokenizer(Tokenizer tokenizer) => tokenizer.Conversations.At(tokenizer.TemplateTime ?? DateTime.Now);

    /// <summary>A copy in which <c>strftime_now</c> formats this time in every rendering.</summary>
    public ChatTemplate At(DateTime now) => new(this, now);

    /// <summary>The Jinja source.</summary>
    public string Source { get; }

    /// <summary>The template for a conversation: <c>tool_use</c> if the conversation has tools and there is such a template.</summary>
    public ChatTemplate For(Conversation conversation) => conversation.Tools is null ? this : toolUse ?? this;

    /// <summary>Whether the template marks the assistant's text by <c>{% generation %}</c>.</summary>
    public bool HasGenerationMarks => template.MarksGeneration;

    /// <inheritdoc cref="Render(Conversation, bool, bool)"/>
    public string Render(IReadOnlyList<Message> messages, bool addGenerationPrompt = false) =>
        Render(new Conversation(messages), addGenerationPrompt).Text;

    /// <summary>Renders a conversation as one text.</summary>
    /// <param name="conversation">Its messages, tools and documents.</param>
    /// <param name="addGenerationPrompt">Whether to append the start of a response of the assistant.</param>
    /// <param name="continueFinalMessage">Whether the text ends with the last message, so that it can be continued.</param>
    /// <exception cref="InvalidDataException">The template raises an error or exceeds its limits.</exception>
    public RenderedChat Render(Conversation conversation, bool addGenerationPrompt = false, bool continueFinalMessage = false)
    {
        if (addGenerationPrompt && continueFinalMessage)
            throw new InvalidDataException("addGenerationPrompt and continueFinalMessage cannot both be set");
        var chosen = For(conversation);
        if (!continueFinalMessage)
            return chosen.Run(conversation, addGenerationPrompt);
        var (marked, final) = Marked(conversation);
        return Cut(chosen.Run(marked, addGenerationPrompt: false), final);
    }

    /// <summary>
    /// The conversation in the form that the template reads: the role developer becomes system if the template does not know it, and texts
    /// become parts if the template writes only parts.
    /// </summary>
    public Conversation Adapt(Conversation conversation) =>
        conversation with { Messages = [.. conversation.Messages.Select(For(conversation).Adapt)] };

    Message Adapt(Message message)
    {
        var isRenamed = message.Role == "developer" && !knowsDeveloper;
        var isWrapped = ReadsParts && message.Fields.TryGetProperty("content", out var content)
            && content.ValueKind == JsonValueKind.String;
        if (!isRenamed && !isWrapped)
            return message;
        var fields = JsonNode.Parse(message.Fields.GetRawText())!.AsObject();
        if (isRenamed)
            fields["role"] = "system";
        if (isWrapped)
            fields["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = fields["content"]!.DeepClone() });
        return new(JsonSerializer.SerializeToElement(fields));
    }

    /// <summary>Whether the template writes content that is a list of parts, and no content that is a text.</summary>
    public bool ReadsParts => readsParts.Value;

    bool ReadsPartsOnly()
    {
        const string Probe = "ATTUNE_PROBE";
        return !Writes($"\"{Probe}\"") && Writes($$"""[{"type": "text", "text": "{{Probe}}"}]""");

        bool Writes(string content)
        {
            try
            {
                var message = new Message(JsonElement.Parse($$"""{"role": "user", "content": {{content}}}"""));
                return Run(new([message]), addGenerationPrompt: false).Text.Contains(Probe, StringComparison.Ordinal);
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
    }

    RenderedChat Run(Conversation conversation, bool addGenerationPrompt)
    {
        var rendered = template.Render(Variables(conversation, addGenerationPrompt), () => now);
        return new(rendered.Text, [.. rendered.Generated.Select(span => new Offset(span.Start, span.End))]);
    }

    IEnumerable<(string Name, object? Value)> Variables(Conversation conversation, bool addGenerationPrompt)
    {
        foreach (var (name, token) in specialTokens)
            yield return (name, token);
        if (conversation.Variables is { ValueKind: JsonValueKind.Object } more)
            foreach (var variable in more.EnumerateObject())
                yield return (variable.Name, variable.Value);
        yield return ("messages", conversation.Messages.Select(message => message.Fields));
        yield return ("tools", conversation.Tools);
        yield return ("documents", conversation.Documents);
        yield return ("add_generation_prompt", addGenerationPrompt);
    }

    /// <summary>The conversation with the mark after its last text, and that text.</summary>
    static (Conversation Marked, string Final) Marked(Conversation conversation)
    {
        var message = JsonNode.Parse(conversation.Messages[^1].Fields.GetRawText())!.AsObject();
        var holder = message["content"] is JsonArray parts
            ? parts.LastOrDefault(part => part is JsonObject content && content.ContainsKey("text")) as JsonObject
            : message;
        var key = ReferenceEquals(holder, message) ? "content" : "text";
        if (holder?[key] is not JsonValue value || !value.TryGetValue(out string? final))
            throw new InvalidDataException("the last message has no text to continue");
        holder[key] = final + Mark;
        var marked = new Message(JsonSerializer.SerializeToElement(message));
        return (conversation with { Messages = [.. conversation.Messages.SkipLast(1), marked] }, final);
    }

    /// <summary>The text up to the mark, without the white space before it where the template trims the message.</summary>
    static RenderedChat Cut(RenderedChat rendered, string final)
    {
        var at = rendered.Text.LastIndexOf(Mark.TrimEnd(), StringComparison.Ordinal);
        if (at < 0 || !rendered.Text.Contains(PythonText.Trim(final), StringComparison.Ordinal))
            throw new InvalidDataException("the template changes the text of the last message, so the message cannot be continued");
        var isWhole = string.CompareOrdinal(rendered.Text, at, Mark, 0, Mark.Length) == 0;
        return rendered with { Text = isWhole ? rendered.Text[..at] : PythonText.TrimEnd(rendered.Text[..at]) };
    }
}
