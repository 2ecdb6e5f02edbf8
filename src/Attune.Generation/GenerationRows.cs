using Attune.Torch;

namespace Attune.Generation;

/// <summary>The answers of a batch as they grow, and which row of the tensors belongs to which answer.</summary>
sealed class GenerationRows
{
    readonly Device device;
    readonly List<Answer> answers;
    List<Answer> rows;

    public GenerationRows(int[][] prompts, int samples, Device device)
    {
        this.device = device;
        var columns = prompts.Max(prompt => prompt.Length);
        answers = [.. prompts.SelectMany(prompt => Enumerable.Range(0, samples).Select(_ => new Answer(columns - prompt.Length, prompt.Length)))];
        rows = answers;
    }

    public Action<int>? OnToken { get; init; }

    public bool AnyLive => rows.Exists(answer => !answer.Ended);

    public IEnumerable<Completion> Completions => answers.Select(answer => answer.ToCompletion());

    public void Record(long[] tokens, float[] logprobs, float[] values, int? eosId)
    {
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows[row].Ended)
                continue;
            rows[row].Add((int)tokens[row], logprobs[row], values.Length > 0 ? values[row] : null, eosId);
            OnToken?.Invoke((int)tokens[row]);
        }
    }

    /// <summary>When at most half of the rows still grow, forgets the others and says which rows (B) are kept.</summary>
    public Tensor? Compact()
    {
        var live = Enumerable.Range(0, rows.Count).Where(row => !rows[row].Ended).Select(row => (long)row).ToArray();
        if (live.Length > rows.Count / 2)
            return null;
        rows = [.. live.Select(row => rows[(int)row])];
        return Tensor.From(live, live.Length).To(device);
    }

    /// <summary>(B, columns): false at the padding before a prompt, true after.</summary>
    public Tensor Mask(long columns) => Column(answer => answer.Padding).AtMost(Tensor.Arange(0, columns, device: device).Unsqueeze(0));

    /// <summary>(B, 1): the position of the token that each row drew last.</summary>
    public Tensor Positions() => Column(answer => answer.Position);

    Tensor Column(Func<Answer, long> number) => Tensor.From(rows.Select(number).ToArray(), rows.Count, 1).To(device);

    sealed class Answer(long padding, long promptLength)
    {
        readonly List<int> tokens = [];
        readonly List<float> logprobs = [];
        readonly List<float> values = [];

        public long Padding => padding;

        public long Position => promptLength + tokens.Count - 1;

        public bool Ended { get; private set; }

        public void Add(int token, float logprob, float? value, int? eosId)
        {
            tokens.Add(token);
            logprobs.Add(logprob);
            if (value is { } estimate)
                values.Add(estimate);
            Ended = token == eosId;
        }

        public Completion ToCompletion() => new([.. tokens], [.. logprobs], [.. values], Ended);
    }
}
