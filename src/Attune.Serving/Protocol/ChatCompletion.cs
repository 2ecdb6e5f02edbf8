using System.Text.Json.Serialization;

namespace Attune.Serving.Protocol;

/// <summary>A response of <c>/v1/chat/completions</c>, whole or as a chunk of a stream.</summary>
sealed record ChatCompletion(string Object, IReadOnlyList<ChatChoice> Choices, string Id, long Created, string Model, Usage? Usage = null);

/// <summary>One of the responses: a message, or in a stream what is added to it.</summary>
sealed record ChatChoice(int Index, ChatReply? Message, ChatReply? Delta, ChatLogprobs? Logprobs)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
}

sealed record ChatReply(string? Role, string? Content, IReadOnlyList<ToolCallReply>? ToolCalls = null);

sealed record ToolCallReply(int Index, string Id, string Type, FunctionReply Function);

sealed record FunctionReply(string Name, string Arguments);

sealed record ChatLogprobs(IReadOnlyList<ChatTokenLogprob> Content);

sealed record ChatTokenLogprob(
    string Token, double Logprob, IReadOnlyList<int>? Bytes, IReadOnlyList<ChatTokenLogprob>? TopLogprobs = null);

sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    public static Usage Of(int prompt, int completion) => new(prompt, completion, prompt + completion);
}
