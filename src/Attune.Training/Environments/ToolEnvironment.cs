using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text;
using Microsoft.Extensions.AI;

namespace Attune.Training.Environments;

/// <summary>
/// Calls the tools that turns ask for, and replies with their results. A tool that fails is a result too: the policy reads the error. A
/// turn without calls goes to another environment, or ends the episode.
/// </summary>
/// <param name="tools">The tools, by their names.</param>
/// <param name="format">How the policy writes calls.</param>
/// <param name="timeout">How long a call may take.</param>
/// <param name="other">Replies to turns without calls; null for none.</param>
/// <param name="owned">Disposed of with the environment, such as connections of tools.</param>
public sealed class ToolEnvironment(
    IReadOnlyList<AIFunction> tools, ToolCallFormat format, TimeSpan timeout, IEnvironment? other = null,
    IReadOnlyList<IDisposable>? owned = null) : IEnvironment
{
    /// <summary>How many episodes' tools are called at the same time.</summary>
    const int EpisodesAtOnce = 16;

    readonly Dictionary<string, AIFunction> byName = tools.ToDictionary(tool => tool.Name, StringComparer.Ordinal);

    /// <summary>The JSON schemas of tools, as chat templates read them.</summary>
    public static JsonElement Schemas(IEnumerable<AIFunctionDeclaration> tools) => JsonSerializer.SerializeToElement(new JsonArray(
        [.. tools.Select(Schema)]));

    static JsonObject Schema(AIFunctionDeclaration tool) => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = tool.Name,
            ["description"] = tool.Description,
            ["parameters"] = JsonNode.Parse(tool.JsonSchema.GetRawText()),
        },
    };

    /// <summary>The id of a call of a turn: nine letters and digits, as Mistral's template demands.</summary>
    public static string CallId(int number) => $"call{number.ToString("00000", CultureInfo.InvariantCulture)}";

    /// <summary>An id that no other call has, in the form of <see cref="CallId"/>.</summary>
    public static string NewCallId() => Random.Shared.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 9);

    public async Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation)
    {
        var calls = episodes.Select(episode => ToolCalls.Read(format, episode.Turns[^1].Markup)).ToList();
        var replies = new Reply[episodes.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = EpisodesAtOnce, CancellationToken = cancellation };
        await Parallel.ForAsync(0, episodes.Count, parallel, async (row, token) =>
        {
            if (calls[row].Count > 0)
                replies[row] = await Call(calls[row], token).ConfigureAwait(false);
        }).ConfigureAwait(false);
        int[] others = [.. Enumerable.Range(0, episodes.Count).Where(row => calls[row].Count == 0)];
        var answers = other is null || others.Length == 0
            ? Array.ConvertAll(others, _ => Reply.End())
            : await other.ReplyAsync(Array.ConvertAll(others, row => episodes[row]), cancellation).ConfigureAwait(false);
        foreach (var (row, answer) in others.Zip(answers))
            replies[row] = answer;
        return replies;
    }

    public void Dispose()
    {
        other?.Dispose();
        foreach (var connection in owned ?? [])
            connection.Dispose();
    }

    async Task<Reply> Call(IReadOnlyList<ToolCall> calls, CancellationToken cancellation)
    {
        var (messages, errors) = (new List<Message>(), 0);
        foreach (var (index, call) in calls.Index())
        {
            var (result, failed) = await Call(call, cancellation).ConfigureAwait(false);
            errors += failed ? 1 : 0;
            messages.Add(new(JsonSerializer.SerializeToElement(new JsonObject
            {
                ["role"] = "tool",
                ["tool_call_id"] = CallId(index + 1),
                ["name"] = call.Name,
                ["content"] = result,
            })));
        }
        return new(messages) { ToolCalls = calls.Count, ToolErrors = errors };
    }

    async Task<(string Result, bool Failed)> Call(ToolCall call, CancellationToken cancellation)
    {
        if (call.Problem is { } problem)
            return ($"error: {problem}", true);
        if (!byName.TryGetValue(call.Name, out var tool))
            return ($"error: there is no tool {call.Name}; there are {string.Join(", ", byName.Keys)}", true);
        try
        {
            var arguments = new AIFunctionArguments(
                call.Arguments.ToDictionary(argument => argument.Key, object? (argument) => argument.Value, StringComparer.Ordinal));
            var limit = tool is RemoteFunction ? Timeout.InfiniteTimeSpan : timeout;      // its requests have the timeout
            var result = await Task.Run(() => tool.InvokeAsync(arguments, cancellation).AsTask(), cancellation)
                .WaitAsync(limit, cancellation).ConfigureAwait(false);
            return (ToolCalls.ToText(result), false);
        }
        catch (TimeoutException)
        {
            return (string.Create(CultureInfo.InvariantCulture, $"error: no result within {timeout.TotalSeconds} s"), true);
        }
        catch (Exception error) when (error is not (OperationCanceledException or OutOfMemoryException)
            || error is OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return ($"error: {error.Message}", true);
        }
    }
}
