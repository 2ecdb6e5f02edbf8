using System.Text.Json;

namespace Attune.Text;

/// <summary>What a chat template renders: messages, and what may stand beside them.</summary>
public sealed record Conversation(IReadOnlyList<Message> Messages)
{
    /// <summary>JSON schemas of functions that the assistant may call; null for none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Documents that the answer is to rest on; null for none.</summary>
    public JsonElement? Documents { get; init; }

    /// <summary>More variables of the template, by their names: a JSON object, or null.</summary>
    public JsonElement? Variables { get; init; }
}

/// <summary>A conversation as one text.</summary>
/// <param name="Text">With all its special tokens.</param>
/// <param name="Generated">What the assistant said, where the template marks it by <c>{% generation %}</c>, in code points.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<Offset> Generated);
