namespace Attune.Text;

/// <summary>One turn of a conversation: who speaks (<c>system</c>, <c>user</c>, <c>assistant</c>) and what is said.</summary>
public sealed record Message(string Role, string Content);
