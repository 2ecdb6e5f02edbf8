using System.Text.Json;

namespace Attune.Text;

/// <summary>The input of a chat template: messages, tools and documents.</summary>
public sealed record Conversation(IReadOnlyList<Message> Messages)
{
    /// <summary>JSON schemas of functions that the assistant can call; null for none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Documents for the response; null for none.</summary>
    public JsonElement? Documents { get; init; }

    /// <summary>Additional variables of the template, by name: a JSON object, or null.</summary>
    public JsonElement? Variables { get; init; }
}

/// <summary>A conversation rendered as one text.</summary>
/// <param name="Text">The text, with its special tokens.</param>
/// <param name="Generated">The spans of the assistant's text that the template marks by <c>{% generation %}</c>, in code points.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<Offset> Generated);
