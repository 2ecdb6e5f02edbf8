using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Environments;

/// <summary>
/// Encodes what the policy reads between two of its turns. In a conversation it is what the chat template writes between a response and the
/// next one: the end of the response, the messages of the reply, and the beginning of a response. It is taken from a rendering of other
/// messages, so that the turns themselves are never rendered or encoded again. After a prompt that is no conversation, it is the text of
/// the reply alone.
/// </summary>
/// <param name="tokenizer">The policy's tokenizer.</param>
/// <param name="eosIds">The tokens that end a turn.</param>
/// <param name="tools">JSON schemas of the tools, for the chat template; null for none.</param>
public sealed class ReplyEncoder(Tokenizer tokenizer, IReadOnlyList<int> eosIds, JsonElement? tools = null)
{
    const string Probe = "ATTUNE_PROBE";

    readonly string[] ends = [.. eosIds.Select(tokenizer.IdToToken).OfType<string>()];
    readonly ChatTemplate template = ChatTemplate.FromTokenizer(tokenizer);

    /// <summary>The texts of a sampled turn.</summary>
    public Turn TurnOf(Response response)
    {
        var tokens = response.Tokens.AsSpan();
        if (EndsWithEos(response))
            tokens = tokens[..^1];
        return new(tokenizer.TextOf(response), StopStrings.Cut(tokenizer.Decode(tokens), response));
    }

    /// <summary>The tokens between a turn and the next one.</summary>
    /// <param name="prompt">The prompt of the episode.</param>
    /// <param name="turn">The turn in tokens.</param>
    /// <param name="reply">The reply to it.</param>
    /// <exception cref="InvalidDataException">There are none, or the chat template cannot write the reply.</exception>
    public int[] Encode(TokenPrompt prompt, Response turn, Reply reply)
    {
        var tokens = tokenizer.Encode(prompt.IsConversation ? Between(reply, EndsWithEos(turn)) : reply.Text);
        return tokens.Length > 0
            ? tokens
            : throw new InvalidDataException("the environment gave a reply without a text to an episode that goes on");
    }

    bool EndsWithEos(Response response) => response.Tokens.Length > 0 && eosIds.Contains(response.Tokens[^1]);

    /// <summary>What the template writes after a response, without its end where the turn already has one.</summary>
    string Between(Reply reply, bool hasEnd)
    {
        var calls = reply.Messages.Count(message => message.Role == "tool");
        var conversation = new Conversation([new("user", "?"), ProbeMessage(calls), .. reply.Messages]) { Tools = tools };
        var rendered = template.Render(template.Adapt(conversation), addGenerationPrompt: true).Text;
        var probe = rendered.LastIndexOf(Probe, StringComparison.Ordinal);
        if (probe < 0)
            throw new InvalidDataException($"the chat template does not write {(calls > 0 ? "tool calls" : "a response")}, so that "
                + "episodes cannot go on after them");
        var rest = rendered[(probe + Probe.Length)..];
        var (at, end) = ends.Select(end => (At: rest.IndexOf(end, StringComparison.Ordinal), End: end)).Where(found => found.At >= 0)
            .DefaultIfEmpty((At: calls > 0 ? -1 : 0, End: "")).MinBy(found => found.At);
        return at >= 0 ? rest[(hasEnd ? at + end.Length : at)..] : throw new InvalidDataException(
            "the chat template writes no end-of-sequence token after tool calls, so that it is not known where they end");
    }

    /// <summary>A response whose text is the probe, or with calls of a tool of that name.</summary>
    static Message ProbeMessage(int calls)
    {
        if (calls == 0)
            return new("assistant", Probe);
        return new(JsonSerializer.SerializeToElement(new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = "",
            ["tool_calls"] = new JsonArray([.. Enumerable.Range(1, calls).Select(number => new JsonObject
            {
                ["type"] = "function",
                ["id"] = ToolEnvironment.CallId(number),
                ["function"] = new JsonObject { ["name"] = Probe, ["arguments"] = new JsonObject() },
            })]),
        }));
    }
}
