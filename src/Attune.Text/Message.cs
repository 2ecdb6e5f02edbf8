using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Text;

/// <summary>
/// One turn of a conversation: who speaks (<c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>), what is said, and whatever else
/// the data has of it (tool_calls, name, reasoning …), which a chat template may read.
/// </summary>
public sealed class Message : IEquatable<Message>
{
    public Message(string role, string content)
        : this(JsonSerializer.SerializeToElement(new JsonObject { ["role"] = role, ["content"] = content }))
    {
    }

    /// <param name="fields">A JSON object.</param>
    /// <exception cref="InvalidDataException">It has no <c>role</c> that is a text.</exception>
    public Message(JsonElement fields)
    {
        Role = fields.ValueKind == JsonValueKind.Object && fields.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String
            ? role.GetString()!
            : throw new InvalidDataException("a message with a role was expected");
        Fields = fields;
    }

    public string Role { get; }

    /// <summary>The whole message as the data has it.</summary>
    public JsonElement Fields { get; }

    public bool Equals(Message? other) => other is not null && JsonElement.DeepEquals(Fields, other.Fields);

    public override bool Equals(object? obj) => Equals(obj as Message);

    public override int GetHashCode() => Role.GetHashCode(StringComparison.Ordinal);
}
