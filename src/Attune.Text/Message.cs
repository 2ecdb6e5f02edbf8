using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Text;

/// <summary>
/// One message of a conversation: a role (<c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>), content, and any other fields of
/// the data (tool_calls, name, reasoning …), which a chat template may use.
/// </summary>
public sealed class Message : IEquatable<Message>
{
    public Message(string role, string content)
        : this(JsonSerializer.SerializeToElement(new JsonObject { ["role"] = role, ["content"] = content }))
    {
    }

    /// <param name="fields">A JSON object.</param>
    /// <exception cref="InvalidDataException">The object has no <c>role</c> that is a string.</exception>
    public Message(JsonElement fields)
    {
        var isObject = fields.ValueKind == JsonValueKind.Object;
        Role = isObject && fields.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String
            ? role.GetString()!
            : throw new InvalidDataException("a message must have a role");
        Fields = fields;
    }

    public string Role { get; }

    /// <summary>Its content, where that is a text; else empty.</summary>
    public string Text =>
        Fields.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String ? content.GetString()! : "";

    /// <summary>All fields of the message.</summary>
    public JsonElement Fields { get; }

    public bool Equals(Message? other) => other is not null && JsonElement.DeepEquals(Fields, other.Fields);

    public override bool Equals(object? obj) => Equals(obj as Message);

    public override int GetHashCode() => Role.GetHashCode(StringComparison.Ordinal);
}
