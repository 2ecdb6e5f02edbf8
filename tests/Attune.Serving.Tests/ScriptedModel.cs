using Attune.Generation;
using Attune.Text;
using Microsoft.Extensions.AI;

namespace Attune.Serving.Tests;

/// <summary>
/// Makes a model write given texts, one for each request, by biases that grow with the length of what is written: the model still samples
/// every token.
/// </summary>
sealed class ScriptedModel(AttuneChatClient client, params string[] texts) : DelegatingChatClient(client)
{
    int request;

    public List<ChatMessage[]> Asked { get; } = [];

    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetResponseAsync(messages, Scripted(messages, options), cancellationToken);

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetStreamingResponseAsync(messages, Scripted(messages, options), cancellationToken);

    ChatOptions Scripted(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        Asked.Add([.. messages]);
        var script = Script(client.Engine.Tokenizer, texts[request++]);
        options = options?.Clone() ?? new();
        options.RawRepresentationFactory = _ => new SamplingOptions { MaxNewTokens = 100, Temperature = 0, SequenceBias = script };
        return options;
    }

    /// <summary>After the beginning of the text, its next token is likelier than any other.</summary>
    static SequenceBias[] Script(Tokenizer tokenizer, string text)
    {
        int[] tokens = [.. tokenizer.Encode("a:"), .. tokenizer.Encode(text), tokenizer.EosId!.Value];
        var start = tokenizer.Encode("a:").Length;
        return [.. Enumerable.Range(start, tokens.Length - start).Select(at => new SequenceBias
        {
            Tokens = tokens[..(at + 1)], Bias = 1000 * (at + 1),
        })];
    }
}
