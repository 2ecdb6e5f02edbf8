using Attune.Torch;

namespace Attune.Generation;

/// <summary>The answers of a batch as they grow, and which row of the tensors belongs to which answer.</summary>
sealed class GenerationRows
{
    readonly List<GrowingResponse> answers;
    readonly List<(Tensor Tokens, Tensor Logprobs, Tensor? Values)> drawn = [];
    List<GrowingResponse> rows;

    public GenerationRows(IEnumerable<TokenHistory> histories)
    {
        answers = [.. histories.Select(history => new GrowingResponse(history))];
        rows = answers;
        Histories = [.. rows.Select(answer => answer.History)];
    }

    public Action<int>? OnToken { get; init; }

    /// <summary>The stop string that a row has come to, if any.</summary>
    public Func<TokenHistory, string?>? FindStopString { get; init; }

    public bool AnyLive => rows.Exists(answer => !answer.Ended);

    /// <summary>What each row holds.</summary>
    public IReadOnlyList<TokenHistory> Histories { get; private set; }

    public IEnumerable<Response> Responses => answers.Select(answer => answer.ToResponse());

    /// <summary>Takes what each row drew, (B) each, and leaves it on its device.</summary>
    public void Add(Tensor tokens, Tensor logprobs, Tensor? values) =>
        drawn.Add((tokens.Detach().DetachFromScope(), logprobs.Detach().DetachFromScope(), values?.Detach().DetachFromScope()));

    /// <summary>Waits for the device, and brings what was drawn since the last time into the answers: three reads, for however many tokens.</summary>
    public void Read(IReadOnlyList<int> eosIds)
    {
        using var scope = TensorScope.Open();
        var tokens = Together<long>(drawn.Select(step => step.Tokens));
        var logprobs = Together<float>(drawn.Select(step => step.Logprobs));
        var values = Together<float>(drawn.Select(step => step.Values).OfType<Tensor>());
        for (var cell = 0; cell < tokens.Length; cell++)
        {
            if (rows[cell % rows.Count] is not { Ended: false } row)
                continue;
            row.Add((int)tokens[cell], logprobs[cell], values.Length > 0 ? values[cell] : null, eosIds, FindStopString);
            OnToken?.Invoke((int)tokens[cell]);
        }
        foreach (var (ofTokens, ofLogprobs, ofValues) in drawn)
        {
            ofTokens.Dispose();
            ofLogprobs.Dispose();
            ofValues?.Dispose();
        }
        drawn.Clear();
    }

    /// <summary>When at most half of the rows still grow, forgets the others and says which are kept.</summary>
    public long[]? Compact()
    {
        var live = Enumerable.Range(0, rows.Count).Where(row => !rows[row].Ended).Select(row => (long)row).ToArray();
        if (live.Length > rows.Count / 2)
            return null;
        rows = [.. live.Select(row => rows[(int)row])];
        Histories = [.. rows.Select(answer => answer.History)];
        return live;
    }

    static T[] Together<T>(IEnumerable<Tensor> steps) where T : unmanaged =>
        steps.ToArray() is { Length: > 0 } all ? Tensor.Stack(0, all).ToArray<T>() : [];

    sealed class GrowingResponse(TokenHistory history)
    {
        readonly List<float> logprobs = [];
        readonly List<float> values = [];
        string? stoppedBy;

        public TokenHistory History => history;

        public bool Ended { get; private set; }

        public void Add(int token, float logprob, float? value, IReadOnlyList<int> eosIds, Func<TokenHistory, string?>? stopOf)
        {
            history.Add(token);
            logprobs.Add(logprob);
            if (value is { } estimate)
                values.Add(estimate);
            var isEnd = eosIds.Contains(token);
            stoppedBy = isEnd ? null : stopOf?.Invoke(history);
            Ended = isEnd || stoppedBy is not null;
        }

        public Response ToResponse() => new([.. history.Response], [.. logprobs], [.. values], Ended) { StopString = stoppedBy };
    }
}
