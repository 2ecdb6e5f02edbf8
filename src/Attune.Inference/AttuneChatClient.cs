using System.Runtime.CompilerServices;
using System.Text.Json;
using Attune.Generation;
using Attune.Training.Environments;
using Microsoft.Extensions.AI;

namespace Attune;

/// <summary>
/// A local language model as a chat client of Microsoft.Extensions.AI. Requests of several threads share one batch. Options that are not
/// set have their usual values: temperature 1, all tokens, until the context is full; <see cref="ChatOptions.RawRepresentationFactory"/>
/// may give <see cref="SamplingOptions"/> with others. With the response format JSON, a response is a JSON object, or follows the schema.
/// </summary>
public sealed class AttuneChatClient : IChatClient
{
    readonly ChatClientMetadata metadata;
    readonly bool isOwner;

    /// <summary>A client of an engine, which is not disposed with it.</summary>
    /// <param name="engine">The engine.</param>
    public AttuneChatClient(ChatEngine engine)
        : this(engine, isOwner: false)
    {
    }

    AttuneChatClient(ChatEngine engine, bool isOwner)
    {
        (Engine, this.isOwner) = (engine, isOwner);
        metadata = new("attune", defaultModelId: engine.Name);
    }

    /// <summary>Loads a model for a client of its own.</summary>
    /// <inheritdoc cref="ChatEngine.Load"/>
    public static AttuneChatClient Load(string folder, ChatEngineOptions? options = null) =>
        new(ChatEngine.Load(folder, options), isOwner: true);

    /// <summary>What generates the responses.</summary>
    public ChatEngine Engine { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">
    /// An option is wrong, the prompt is too long, or the model has no chat template.
    /// </exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var conversation = ChatMessages.ToConversation(messages, options);
        var prompt = Engine.Encode(conversation);
        using var response = Engine.Start(Request(prompt, options, conversation.Tools))[0];
        var id = $"chatcmpl-{Guid.NewGuid():N}";
        await foreach (var piece in response.WithCancellation(cancellationToken).ConfigureAwait(false))
            if (piece.Text.Length > 0)
                yield return Update(new TextContent(piece.Text));
        var last = Update([.. response.ToolCalls.Select(ToContent), Usage(prompt.Length, response.TokenCount)]);
        last.FinishReason = Reason(response.End);
        yield return last;

        ChatResponseUpdate Update(params IList<AIContent> contents) => new(ChatRole.Assistant, contents)
        {
            ResponseId = id, MessageId = id, ModelId = Engine.Name, CreatedAt = DateTimeOffset.UtcNow,
        };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? metadata
        : serviceType.IsInstanceOfType(Engine) ? Engine
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Frees the model if the client loaded it.</summary>
    public void Dispose()
    {
        if (isOwner)
            Engine.Dispose();
    }

    ChatRequest Request(int[] prompt, ChatOptions? options, JsonElement? tools) => new(prompt)
    {
        Sampling = Sampling(options ?? new()),
        Seed = options?.Seed,
        IsJson = options?.ResponseFormat is ChatResponseFormatJson,
        JsonSchema = (options?.ResponseFormat as ChatResponseFormatJson)?.Schema,
        ReadsToolCalls = tools is not null,
        RequiredTools = tools is { } all && options?.ToolMode is RequiredChatToolMode required
            ? ChatMessages.ToolsNamed(all, required.RequiredFunctionName)
            : null,
    };

    /// <summary>The options that are set, over those of <see cref="ChatOptions.RawRepresentationFactory"/>.</summary>
    SamplingOptions Sampling(ChatOptions options)
    {
        var own = options.RawRepresentationFactory?.Invoke(this) as SamplingOptions ?? new() { MaxNewTokens = int.MaxValue };
        return own with
        {
            MaxNewTokens = options.MaxOutputTokens ?? own.MaxNewTokens,
            Temperature = options.Temperature ?? own.Temperature,
            TopP = options.TopP ?? own.TopP,
            TopK = options.TopK ?? own.TopK,
            FrequencyPenalty = options.FrequencyPenalty ?? own.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? own.PresencePenalty,
            Stop = options.StopSequences is { Count: > 0 } stops ? [.. stops] : own.Stop,
        };
    }

    static FunctionCallContent ToContent(ToolCall call) => new(
        ToolEnvironment.NewCallId(), call.Name,
        call.Arguments.ToDictionary(
            argument => argument.Key, object? (argument) => JsonSerializer.SerializeToElement(argument.Value), StringComparer.Ordinal));

    static UsageContent Usage(int prompt, int response) => new(new()
    {
        InputTokenCount = prompt, OutputTokenCount = response, TotalTokenCount = prompt + response,
    });

    static ChatFinishReason Reason(ResponseEnd end) => end switch
    {
        ResponseEnd.ToolCalls => ChatFinishReason.ToolCalls,
        ResponseEnd.Length => ChatFinishReason.Length,
        _ => ChatFinishReason.Stop,
    };
}
