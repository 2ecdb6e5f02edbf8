using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Training.Servers;

/// <summary>What a response of a server must be, so that the policy could have sampled it.</summary>
/// <param name="model">The policy's model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="sampling">How responses are sampled.</param>
sealed class ResponseRules(LanguageModel model, Tokenizer tokenizer, SamplingOptions sampling)
{
    readonly Func<TokenHistory, string?>? findStopString = StopStrings.Finder(tokenizer, sampling.Stop);

    /// <summary>Tokens that end a response.</summary>
    public IReadOnlyList<int> EosIds { get; } = ModelFolder.EosIds(model, tokenizer);

    /// <summary>A sign that the server has another model or tokenizer; null for none.</summary>
    public string? OtherModel(ServerResponse response)
    {
        var foreign = Array.FindIndex(
            response.Tokens, id => id < 0 || id >= model.Backbone.VocabularySize || tokenizer.IdToToken(id) is null);
        if (foreign >= 0)
            return $"it sampled the token id {response.Tokens[foreign]}, and the policy has {tokenizer.VocabularySize} tokens";
        return response is { FinishReason: "stop", Tokens: [.., var last] } && !EosIds.Contains(last) && StopString(response) is null
            ? $"it ended a response with the token {last}, which does not end a response of the policy"
            : null;
    }

    /// <summary>What is wrong with a part of a response; null for nothing.</summary>
    public static string? Broken(ServerPart part, WeightFiles weights)
    {
        if (weights.Model is null && part.WeightVersion is { } version && version != weights.Version)
            return $"must be sampled with the weights {weights.Version} (was sampled with {version})";
        return part.Tokens.Length == part.Logprobs.Length
            ? null
            : $"must have a log-probability for each token (had {part.Logprobs.Length} for {part.Tokens.Length} tokens)";
    }

    /// <summary>What is wrong with a response; null for nothing.</summary>
    public string? Broken(ServerResponse response)
    {
        var (tokens, logprobs) = (response.Tokens, response.Logprobs);
        if (tokens.Length == 0 || tokens.Length > sampling.MaxNewTokens)
            return $"must have from 1 to {sampling.MaxNewTokens} tokens in a response (had {tokens.Length})";
        if (Array.FindIndex(logprobs, number => !(number <= 1e-3 && float.IsFinite(number))) is >= 0 and var wrong)
            return $"must have log-probabilities of at most 0 (had {logprobs[wrong]})";
        if (Array.FindIndex(tokens, EosIds.Contains) is >= 0 and var end && end < tokens.Length - 1)
            return $"must end a response at the token {tokens[end]} (had {tokens.Length - 1 - end} tokens after it)";
        return response.FinishReason switch
        {
            "stop" => null,
            "length" when tokens.Length == sampling.MaxNewTokens => null,
            "length" => $"must have {sampling.MaxNewTokens} tokens in a response that does not end (had {tokens.Length})",
            var reason => $"must have the finish reason stop or length (was {reason ?? "null"})",
        };
    }

    public Response ToResponse(ServerResponse response, int weightVersion) =>
        new(response.Tokens, response.Logprobs, [], response.FinishReason == "stop" || EosIds.Contains(response.Tokens[^1]))
        {
            StopString = response.FinishReason == "stop" && !EosIds.Contains(response.Tokens[^1]) ? StopString(response) : null,
            WeightVersion = weightVersion,
        };

    /// <summary>Where tokens end a response, and why; null where more tokens may follow.</summary>
    /// <param name="tokens">Tokens of a response.</param>
    /// <param name="from">
    /// The index of the first token at which a stop string may end; earlier ones were checked by the server that sampled them.
    /// </param>
    public (int Length, string FinishReason)? FindEnd(IReadOnlyList<int> tokens, int from)
    {
        var history = new TokenHistory([], []);
        foreach (var (at, token) in tokens.Index())
        {
            history.Add(token);
            if (at >= from && findStopString?.Invoke(history) is not null)
                return (at + 1, "stop");
        }
        return tokens.Count > 0 && EosIds.Contains(tokens[^1]) ? (tokens.Count, "stop")
            : tokens.Count >= sampling.MaxNewTokens ? (sampling.MaxNewTokens, "length")
            : null;
    }

    string? StopString(ServerResponse response)
    {
        if (findStopString is null)
            return null;
        var history = new TokenHistory([], []);
        foreach (var token in response.Tokens)
            history.Add(token);
        return findStopString(history);
    }
}
