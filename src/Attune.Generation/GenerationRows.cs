using Attune.Torch;

namespace Attune.Generation;

/// <summary>The rows of a batch, in the order of the rows of its tensors.</summary>
sealed class GenerationRows(GenerationRow[] initial)
{
    readonly List<(Tensor Tokens, Tensor Logprobs, Tensor? Values)> pending = [];
    GenerationRow[] rows = initial;

    public Action<int>? OnToken { get; init; }

    /// <summary>The stop string that a row ends with, if any.</summary>
    public Func<TokenHistory, string?>? FindStopString { get; init; }

    public bool AnyLive => Array.Exists(rows, row => !row.IsDone);

    /// <summary>The history of each row.</summary>
    public IReadOnlyList<TokenHistory> Histories { get; private set; } = Array.ConvertAll(initial, row => row.History);

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
            if (rows[cell % rows.Length] is not { IsDone: false } row)
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
        var live = Enumerable.Range(0, rows.Length).Where(row => !rows[row].IsDone).Select(row => (long)row).ToArray();
        if (live.Length > rows.Length / 2)
            return null;
        Replace([.. live.Select(row => rows[row])]);
        return live;
    }

    /// <summary>Adds rows after the others, when no token is pending.</summary>
    public void Join(GenerationRow[] added) => Replace([.. rows, .. added]);

    void Replace(GenerationRow[] others)
    {
        rows = others;
        Histories = Array.ConvertAll(rows, row => row.History);
    }

    static T[] ReadAll<T>(IEnumerable<Tensor> steps) where T : unmanaged =>
        steps.ToArray() is { Length: > 0 } all ? Tensor.Stack(0, all).ToArray<T>() : [];
}
