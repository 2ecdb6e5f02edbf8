namespace Attune.Generation;

/// <summary>The answers of a batch as they grow, and which row of the tensors belongs to which answer.</summary>
sealed class GenerationRows
{
    readonly List<Answer> answers;
    List<Answer> rows;

    public GenerationRows(IEnumerable<TokenHistory> histories)
    {
        answers = [.. histories.Select(history => new Answer(history))];
        rows = answers;
        Histories = [.. rows.Select(answer => answer.History)];
    }

    public Action<int>? OnToken { get; init; }

    /// <summary>The stop string that a row has come to, if any.</summary>
    public Func<TokenHistory, string?>? StopOf { get; init; }

    public bool AnyLive => rows.Exists(answer => !answer.Ended);

    /// <summary>What each row holds.</summary>
    public IReadOnlyList<TokenHistory> Histories { get; private set; }

    /// <summary>The token that each row drew last.</summary>
    public long[] LastTokens => [.. Histories.Select(history => (long)history.Text[^1])];

    public IEnumerable<Completion> Completions => answers.Select(answer => answer.ToCompletion());

    public void Record(long[] tokens, float[] logprobs, float[] values, IReadOnlyList<int> eosIds)
    {
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows[row].Ended)
                continue;
            rows[row].Add((int)tokens[row], logprobs[row], values.Length > 0 ? values[row] : null, eosIds, StopOf);
            OnToken?.Invoke((int)tokens[row]);
        }
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

    sealed class Answer(TokenHistory history)
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

        public Completion ToCompletion() => new([.. history.Answer], [.. logprobs], [.. values], Ended) { StoppedBy = stoppedBy };
    }
}
