using Attune.Torch;

namespace Attune.Generation;

/// <summary>The growing responses of a batch, and which row of the tensors belongs to which response.</summary>
sealed class GenerationRows
{
    readonly List<GrowingResponse> responses;
    readonly List<(Tensor Tokens, Tensor Logprobs, Tensor? Values)> pending = [];
    List<GrowingResponse> rows;

    public GenerationRows(IEnumerable<TokenHistory> histories)
    {
        responses = [.. histories.Select(history => new GrowingResponse(history))];
        rows = responses;
        Histories = [.. rows.Select(response => response.History)];
    }

    public Action<int>? OnToken { get; init; }

    /// <summary>The stop string that a row ends with, if any.</summary>
    public Func<TokenHistory, string?>? FindStopString { get; init; }

    public bool AnyLive => rows.Exists(response => !response.Ended);

    /// <summary>The history of each row.</summary>
    public IReadOnlyList<TokenHistory> Histories { get; private set; }

    public IEnumerable<Response> Responses => responses.Select(response => response.ToResponse());

    /// <summary>Adds one sampled token for each row, (B) each, which stays on its device.</summary>
    public void Add(Tensor tokens, Tensor logprobs, Tensor? values) =>
        pending.Add((tokens.Detach().DetachFromScope(), logprobs.Detach().DetachFromScope(), values?.Detach().DetachFromScope()));

    /// <summary>
    /// Waits for the device and appends the pending tokens to the responses, with three copies however many tokens there are.
    /// </summary>
    public void Read(IReadOnlyList<int> eosIds)
    {
        using var scope = TensorScope.Open();
        var tokens = ReadAll<long>(pending.Select(step => step.Tokens));
        var logprobs = ReadAll<float>(pending.Select(step => step.Logprobs));
        var values = ReadAll<float>(pending.Select(step => step.Values).OfType<Tensor>());
        for (var cell = 0; cell < tokens.Length; cell++)
        {
            if (rows[cell % rows.Count] is not { Ended: false } row)
                continue;
            row.Add((int)tokens[cell], logprobs[cell], values.Length > 0 ? values[cell] : null, eosIds, FindStopString);
            OnToken?.Invoke((int)tokens[cell]);
        }
        foreach (var (tokenTensor, logprobTensor, valueTensor) in pending)
        {
            tokenTensor.Dispose();
            logprobTensor.Dispose();
            valueTensor?.Dispose();
        }
        pending.Clear();
    }

    /// <summary>If at most half of the rows are live, drops the others and returns the indices of the live ones.</summary>
    public long[]? Compact()
    {
        var live = Enumerable.Range(0, rows.Count).Where(row => !rows[row].Ended).Select(row => (long)row).ToArray();
        if (live.Length > rows.Count / 2)
            return null;
        rows = [.. live.Select(row => rows[(int)row])];
        Histories = [.. rows.Select(response => response.History)];
        return live;
    }

    static T[] ReadAll<T>(IEnumerable<Tensor> steps) where T : unmanaged =>
        steps.ToArray() is { Length: > 0 } all ? Tensor.Stack(0, all).ToArray<T>() : [];

    sealed class GrowingResponse(TokenHistory history)
    {
        readonly List<float> logprobs = [];
        readonly List<float> values = [];
        string? stoppedBy;

        public TokenHistory History => history;

        public bool Ended { get; private set; }

        public void Add(int token, float logprob, float? value, IReadOnlyList<int> eosIds, Func<TokenHistory, string?>? findStopString)
        {
            history.Add(token);
            logprobs.Add(logprob);
            if (value is { } estimate)
                values.Add(estimate);
            var isEnd = eosIds.Contains(token);
            stoppedBy = isEnd ? null : findStopString?.Invoke(history);
            Ended = isEnd || stoppedBy is not null;
        }

        public Response ToResponse() => new([.. history.Response], [.. logprobs], [.. values], Ended) { StopString = stoppedBy };
    }
}
