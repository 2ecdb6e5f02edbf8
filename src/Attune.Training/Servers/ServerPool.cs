using System.Diagnostics;
using System.Text.Json;
using Attune.Text;
using Attune.Training.Remote;

namespace Attune.Training.Servers;

/// <summary>
/// Sends each request to the server with the fewest open ones. When it fails, a request for what has not arrived is sent, to another server
/// where there is one; the server that failed pauses, and is used again after it.
/// </summary>
/// <param name="options">The servers, and how often requests are retried.</param>
/// <param name="say">Shows a notice when a server fails; called from any thread.</param>
sealed class ServerPool(RolloutOptions options, Action<string> say) : IDisposable
{
    /// <summary>Ordinary text, numbers and other scripts: tokenizers that agree on it are the same.</summary>
    const string ProbeText = "The 3 quick foxes can't jump 1,024.5 m: naïve Ünï\n\n\tπ ≈ 3.14159 漢字 don't   stop<end>";

    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    readonly HttpCalls calls = new(HttpCalls.KeyOf(options.ApiKeyVariable));
    readonly SemaphoreSlim places = new(options.Concurrency * options.Servers.Count);
    readonly IServerProtocol protocol = IServerProtocol.From(options);
    readonly Lock choosing = new();

    IReadOnlyList<RolloutServer> Servers => field ??=
        [.. options.Servers.Select(url => new RolloutServer(url, calls, TimeSpan.FromSeconds(options.Timeout)))];

    /// <summary>Checks that every server answers, and that it has the tokenizer of the policy.</summary>
    /// <exception cref="InvalidDataException">One does not; the message names all of these.</exception>
    public void Check(Tokenizer tokenizer, CancellationToken cancellation)
    {
        var problems = Task.WhenAll(Servers.Select(server => Problem(server, tokenizer, cancellation))).GetAwaiter().GetResult()
            .OfType<string>().ToList();
        if (problems.Count > 0)
            throw new InvalidDataException(string.Join("\n", problems));
    }

    /// <summary>The responses to a prompt.</summary>
    /// <param name="request">The prompt.</param>
    /// <param name="weights">The weights to sample with; a server that has others loads them first.</param>
    /// <param name="rules">What each response is checked by.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <exception cref="InvalidDataException">No server answered, or a server refused.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<IReadOnlyList<ServerResponse>> Ask(
        ServerRequest request, WeightFiles weights, ResponseRules rules, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        ArrivingResponse[] responses = [.. Enumerable.Range(0, request.Samples).Select(_ => new ArrivingResponse())];
        try
        {
            var (attempt, clock) = (1, Stopwatch.StartNew());
            while (true)
            {
                var server = await Choose(cancellation).ConfigureAwait(false);
                try
                {
                    await server.Load(weights, cancellation).ConfigureAwait(false);
                    await Task.WhenAll(Missing(request, responses).Select(part =>
                        Ask(server, part.Request, part.Responses, weights, rules, cancellation))).ConfigureAwait(false);
                    lock (choosing)
                        server.Answered();
                    return Array.ConvertAll(responses, response => response.Response);
                }
                catch (TooManyRequestsException refusal) when (clock.Elapsed.TotalSeconds < options.Timeout)
                {
                    lock (choosing)
                        server.Pause(refusal, TimeSpan.FromSeconds(options.Backoff), DateTime.UtcNow);
                }
                catch (IOException failure)
                {
                    RecordFailure(server, failure, responses.Sum(response => response.Count), isLast: attempt++ > options.Retries);
                }
                finally
                {
                    lock (choosing)
                        server.End();
                }
            }
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose()
    {
        foreach (var server in Servers)
            server.Dispose();
        calls.Dispose();
        places.Dispose();
    }

    /// <summary>The request itself where nothing has arrived; else one for the rest of each response that has not ended.</summary>
    static IEnumerable<(ServerRequest Request, ArrivingResponse[] Responses)> Missing(ServerRequest request, ArrivingResponse[] all) =>
        Array.TrueForAll(all, response => response is { Count: 0, HasEnded: false })
            ? [(request, all)]
            : [.. all.Index().Where(row => !row.Item.HasEnded)
                .Select(row => (row.Item.Rest(request, row.Index), (ArrivingResponse[])[row.Item]))];

    /// <summary>Sends a request; what arrives is appended to the responses.</summary>
    async Task Ask(
        RolloutServer server, ServerRequest request, ArrivingResponse[] responses, WeightFiles weights, ResponseRules rules,
        CancellationToken cancellation)
    {
        var (last, before) = (Array.Empty<byte>(), responses[0].Count);
        try
        {
            await server.StreamAsync(protocol.Path, protocol.Body(request, server.Model), Take, cancellation).ConfigureAwait(false);
        }
        finally
        {
            foreach (var response in responses)
                if (before > 0 || !response.HasEnded)
                    response.EndBy(rules, before);
        }
        if (responses.Count(response => response.HasEnded) is var ended && ended < responses.Length)
            throw Wrong(server, $"must have {Quantity.Of(responses.Length, "response")} that end (had {ended})", last);
        foreach (var response in responses)
            Require(response);

        void Take(byte[] answer)
        {
            last = answer;
            foreach (var part in Read(server, answer))
            {
                if (part.Index < 0 || part.Index >= responses.Length)
                    throw Wrong(server, $"must have the indices 0 to {responses.Length - 1} (had {part.Index})", answer);
                if (ResponseRules.Broken(part, weights) is { } rule)
                    throw Wrong(server, rule, answer);
                responses[part.Index].Add(part);
            }
        }

        void Require(ArrivingResponse response)
        {
            if (rules.Broken(response.Response) is { } rule)
            {
                response.Clear();
                throw Wrong(server, rule, last);
            }
            if (rules.OtherModel(response.Response) is { } difference)
                throw new InvalidDataException(
                    $"{server.Url} has another model or tokenizer than the policy: {difference}; start it with the model of this run");
        }
    }

    /// <summary>The server with the fewest open requests, once one is ready.</summary>
    async Task<RolloutServer> Choose(CancellationToken cancellation)
    {
        while (true)
        {
            lock (choosing)
            {
                var now = DateTime.UtcNow;
                if (Servers.Where(server => server.IsReady(now)).MinBy(server => server.Open) is { } ready)
                {
                    ready.Begin();
                    return ready;
                }
            }
            await Task.Delay(Poll, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Records a failure, and gives up when this was the last attempt, or when no server has answered for as many.</summary>
    void RecordFailure(RolloutServer server, IOException failure, int kept, bool isLast)
    {
        bool isNew, givesUp;
        lock (choosing)
        {
            isNew = server.RecordFailure(failure, TimeSpan.FromSeconds(options.Backoff), DateTime.UtcNow);
            givesUp = isLast || Servers.All(other => other.Failures > options.Retries);
        }
        if (givesUp)
            throw new InvalidDataException($"no rollout server answered: {LastFailures}", failure);
        if (isNew)
            say(kept == 0
                ? $"a rollout is sent again: {failure.Message}"
                : $"a rollout continues after the {Quantity.Of(kept, "token")} that arrived: {failure.Message}");
    }

    string LastFailures => string.Join(
        "; ", Servers.Select(server => server.LastFailure).Where(text => text.Length > 0).Distinct(StringComparer.Ordinal));

    IReadOnlyList<ServerPart> Read(RolloutServer server, byte[] answer)
    {
        try
        {
            return [.. protocol.Read(JsonElement.Parse(answer))];
        }
        catch (Exception error) when (IsOtherJson(error))
        {
            throw Wrong(server, "must be JSON with token ids and the log-probability of each", answer);
        }
    }

    IOException Wrong(RolloutServer server, string rule, byte[] answer) =>
        new($"the answer of {server.Url}{protocol.Path} {rule}: {RemoteCalls.Quoted(answer)}");

    async Task<string?> Problem(RolloutServer server, Tokenizer tokenizer, CancellationToken cancellation)
    {
        try
        {
            var answer = await server.GetAsync(protocol.ModelPath, cancellation).ConfigureAwait(false);
            var model = Describe(server, answer);
            if (model.TryGetProperty("id", out var name))
                server.Model = name.GetString() ?? "";
            var difference = OtherVocabulary(model, tokenizer)
                ?? await OtherTokens(server, tokenizer, cancellation).ConfigureAwait(false)
                ?? (model.TryGetProperty("vocab_size", out _)
                    ? null
                    : await OtherText(server, tokenizer, cancellation).ConfigureAwait(false));
            return difference is not null
                ? $"rollout.servers: {server.Url} has another tokenizer than the policy: {difference}; start it with the model of this run"
                : null;
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException)
        {
            return $"rollout.servers: {failure.Message}. Start the server, or change rollout.servers and rollout.protocol";
        }
    }

    JsonElement Describe(RolloutServer server, byte[] answer)
    {
        try
        {
            return protocol.Model(JsonElement.Parse(answer)) is { ValueKind: JsonValueKind.Object } model
                ? model
                : throw new InvalidOperationException();
        }
        catch (Exception error) when (IsOtherJson(error))
        {
            throw new InvalidDataException(
                $"the answer of {server.Url}{protocol.ModelPath} does not describe a model: {RemoteCalls.Quoted(answer)}", error);
        }
    }

    /// <summary>How the size of the vocabulary differs, where the server reports it; a model may have more rows than tokens.</summary>
    static string? OtherVocabulary(JsonElement model, Tokenizer tokenizer) =>
        model.TryGetProperty("vocab_size", out var size) && size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out var count)
        && count < tokenizer.VocabularySize
            ? $"its vocabulary has {count} tokens, that of the policy {tokenizer.VocabularySize}"
            : null;

    /// <summary>How the tokens of a text differ, where the server can tokenize.</summary>
    static async Task<string?> OtherTokens(RolloutServer server, Tokenizer tokenizer, CancellationToken cancellation)
    {
        try
        {
            var answer = await server.PostAsync(
                "/tokenize", new() { ["model"] = server.Model, ["prompt"] = ProbeText, ["add_special_tokens"] = false }, cancellation)
                .ConfigureAwait(false);
            if (RolloutServer.Parsed(answer) is not { ValueKind: JsonValueKind.Object } found
                || !found.TryGetProperty("tokens", out var tokens) || tokens.ValueKind != JsonValueKind.Array)
                return null;
            var theirs = string.Join(' ', tokens.EnumerateArray().Select(token => token.GetRawText()));
            var own = string.Join(' ', tokenizer.Encode(ProbeText));
            return theirs == own
                ? null
                : $"a text has the tokens {RemoteCalls.Shortened(theirs)} there, and {RemoteCalls.Shortened(own)} here";
        }
        catch (InvalidDataException)                                                // it cannot
        {
            return null;
        }
    }

    /// <summary>How the text of token ids differs, where the server returns that of a prompt.</summary>
    async Task<string?> OtherText(RolloutServer server, Tokenizer tokenizer, CancellationToken cancellation)
    {
        var probe = new VocabularyProbe(tokenizer);
        try
        {
            var answer = await server.PostAsync(protocol.Path, protocol.TextBody(probe.Ids, server.Model), cancellation)
                .ConfigureAwait(false);
            return protocol.Text(JsonElement.Parse(answer)) is { } text ? probe.Difference(text) : null;
        }
        catch (Exception error) when (error is InvalidDataException || IsOtherJson(error))          // it does not
        {
            return null;
        }
    }

    /// <summary>Whether an error is that of an answer with other contents, or with no JSON.</summary>
    static bool IsOtherJson(Exception error) => error is JsonException or KeyNotFoundException or InvalidOperationException
        or IndexOutOfRangeException or FormatException;
}
