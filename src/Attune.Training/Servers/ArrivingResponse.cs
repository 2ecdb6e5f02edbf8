using Attune.Generation;

namespace Attune.Training.Servers;

/// <summary>
/// The part of a response that has arrived. Its tokens are kept when a server fails, and another request continues after them.
/// </summary>
sealed class ArrivingResponse
{
    readonly List<int> tokens = [];
    readonly List<float> logprobs = [];
    string? finishReason;

    public int Count => tokens.Count;

    public bool HasEnded => finishReason is not null;

    public ServerResponse Response => new([.. tokens], [.. logprobs], finishReason);

    /// <summary>Appends what a server sent; a response that the server aborted can be continued.</summary>
    public void Add(ServerPart part)
    {
        tokens.AddRange(part.Tokens);
        logprobs.AddRange(part.Logprobs);
        finishReason = part.FinishReason == "abort" ? null : part.FinishReason;
    }

    /// <summary>Ends the response where its tokens do, although the server did not say so, or did not see the first tokens.</summary>
    /// <param name="rules">What ends a response.</param>
    /// <param name="from">The tokens that the server of the last part did not sample.</param>
    public void EndBy(ResponseRules rules, int from)
    {
        if (rules.FindEnd(tokens, from) is not { } end)
            return;
        tokens.RemoveRange(end.Length, tokens.Count - end.Length);
        logprobs.RemoveRange(end.Length, logprobs.Count - end.Length);
        finishReason = end.FinishReason;
    }

    public void Clear()
    {
        tokens.Clear();
        logprobs.Clear();
        finishReason = null;
    }

    /// <summary>The request for the rest of the response.</summary>
    /// <param name="request">The request for all samples.</param>
    /// <param name="sample">Which of them this is.</param>
    public ServerRequest Rest(ServerRequest request, int sample) => request with
    {
        Prompt = [.. request.Prompt, .. tokens],
        Samples = 1,
        Sampling = request.Sampling with
        {
            MaxNewTokens = request.Sampling.MaxNewTokens - tokens.Count,
            MinNewTokens = Math.Max(0, request.Sampling.MinNewTokens - tokens.Count),
        },
        Seed = RowDraws.SeedOf(request.Seed, (tokens.Count * request.Samples) + sample + 1),
    };
}
