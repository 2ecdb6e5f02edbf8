using System.Text;

namespace Attune.Text;

/// <summary>
/// How a conversation is written as one text. This build has one template, ChatML:
/// <c>&lt;|im_start|&gt;role\ncontent&lt;|im_end|&gt;\n</c> for each message.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>The template as tokenizer_config.json holds it, for other programs.</summary>
    public const string Jinja =
        "{% for message in messages %}"
        + "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
        + "{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    static readonly ChatTemplate ChatMl = new("<|im_start|>", "<|im_end|>\n");

    readonly string begin;
    readonly string end;

    ChatTemplate(string begin, string end) => (this.begin, this.end) = (begin, end);

    /// <summary>
    /// The template of a tokenizer that has none, or this one. Throws <see cref="InvalidDataException"/> when it has another.
    /// </summary>
    public static ChatTemplate For(Tokenizer tokenizer) => tokenizer.ChatTemplate is null || tokenizer.ChatTemplate.Trim() == Jinja
        ? ChatMl
        : throw new InvalidDataException(
            "the tokenizer has a chat_template of its own, and this build renders only Attune's (ChatML). Give data with prompt and "
            + "completion in place of messages, or remove chat_template from tokenizer_config.json, and chat_template.jinja, to use ChatML.");

    /// <summary>The text of a conversation; with the opening of an answer by the assistant behind it if asked.</summary>
    public string Render(IReadOnlyList<Message> messages, bool addGenerationPrompt)
    {
        var text = new StringBuilder();
        foreach (var (role, content) in messages)
            text.Append(begin).Append(role).Append('\n').Append(content).Append(end);
        if (addGenerationPrompt)
            text.Append(begin).Append("assistant\n");
        return text.ToString();
    }
}
