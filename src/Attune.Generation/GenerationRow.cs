namespace Attune.Generation;

/// <summary>A prompt and the response to it that grows.</summary>
/// <param name="prompt">The prompt in tokens.</param>
/// <param name="seed">The seed of the row's numbers.</param>
sealed class GenerationRow(int[] prompt, ulong seed)
{
    readonly List<float> logprobs = [];
    readonly List<float> values = [];
    TokenHistory? history;
    string? stoppedBy;
    bool ended;

    public int[] Prompt => prompt;

    public ulong Seed => seed;

    /// <summary>The prompt and the tokens so far.</summary>
    public TokenHistory History => history!;

    /// <summary>The maximum length of the response.</summary>
    public int MaxLength { get; private set; }

    /// <summary>Whether the response has ended by itself or has its maximum length.</summary>
    public bool IsDone => ended || logprobs.Count == MaxLength;

    /// <summary>The prompt was read.</summary>
    public void Begin(TokenHistory start, int maxLength) => (history, MaxLength) = (start, maxLength);

    public void Add(int token, float logprob, float? value, IReadOnlyList<int> eosIds, Func<TokenHistory, string?>? findStopString)
    {
        History.Add(token);
        logprobs.Add(logprob);
        if (value is { } estimate)
            values.Add(estimate);
        var isEnd = eosIds.Contains(token);
        stoppedBy = isEnd ? null : findStopString?.Invoke(History);
        ended = isEnd || stoppedBy is not null;
    }

    public Response ToResponse() => new([.. History.Response], [.. logprobs], [.. values], ended) { StopString = stoppedBy };
}
