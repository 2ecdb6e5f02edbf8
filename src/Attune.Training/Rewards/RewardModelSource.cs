using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// Scores of a reward model, which reads prompt and response as it read them in training. Another tokenizer than the policy's is no
/// matter: the text is encoded again.
/// </summary>
/// <param name="model">The reward model.</param>
/// <param name="tokenizer">The reward model's tokenizer.</param>
/// <param name="policyTokenizer">The tokenizer that the responses are in.</param>
public sealed class RewardModelSource(RewardModel model, Tokenizer tokenizer, Tokenizer policyTokenizer) : IRewardSource
{
    const int RowsAtOnce = 16;

    readonly bool sameTokens = tokenizer.HasSameTokensAs(policyTokenizer);
    readonly TextEncoder encoder = new(tokenizer, (int)model.Backbone.ContextLength);

    /// <summary>
    /// Whether the policy is an encoder–decoder: its prompts and responses are texts of their own, whose tokens make no text together.
    /// </summary>
    public bool PolicyIsEncoderDecoder { get; init; }

    /// <summary>How many groups of texts are read at once on a CPU, a thread each.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>How several heads become one number.</summary>
    public EnsembleOptions Ensemble { get; init; } = new();

    public Scores Score(Rollouts rollouts) => Scores.FromTotals(ScoreHeads(rollouts).Select(Ensemble.Aggregate));

    /// <summary>The scores of each response by each head.</summary>
    public double[][] ScoreHeads(Rollouts rollouts) => ScoreHeads([.. rollouts.Prompts.Zip(rollouts.Completions, Tokens)]);

    /// <summary>Scores of texts in the reward model's tokens; one longer than its context loses its beginning.</summary>
    public double[] Score(IReadOnlyList<int[]> texts) => Array.ConvertAll(ScoreHeads(texts), Ensemble.Aggregate);

    /// <summary>The same by each head.</summary>
    public double[][] ScoreHeads(IReadOnlyList<int[]> texts)
    {
        var scores = new double[texts.Count][];
        var parts = Enumerable.Range(0, texts.Count).OrderBy(row => texts[row].Length).Chunk(RowsAtOnce).ToList();
        var workers = WorkerThreads.On(model.Device, Workers);
        foreach (var (rows, found) in parts.Zip(workers.Map(parts, rows => ScoreTogether([.. rows.Select(row => encoder.Truncate(texts[row]))]))))
            foreach (var (row, heads) in rows.Zip(found))
                scores[row] = heads;
        return scores;
    }

    double[][] ScoreTogether(int[][] texts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var heads = model.ScoreHeads(TensorBatch.Padded(texts, tokenizer.FillId, model.Device)).ToArray<float>();
        return [.. heads.Select(score => (double)score).Chunk(model.HeadCount)];
    }

    /// <summary>A prompt and the policy's answer to it in the reward model's tokens.</summary>
    int[] Tokens(TokenPrompt prompt, Response completion)
    {
        if (sameTokens && !PolicyIsEncoderDecoder && completion.StopString is null)
            return [.. prompt.Tokens, .. completion.Tokens];
        var written = completion is { Ended: true, StopString: null } ? completion.Tokens[..^1] : completion.Tokens;
        return encoder.EncodeResponse(prompt.Text, StopStrings.Cut(TextBehind(prompt.Text, written), completion), completion.Ended);
    }

    /// <summary>An answer as it reads behind a prompt. Some tokenizers leave the space out that a text of theirs begins with.</summary>
    string TextBehind(string prompt, int[] answer)
    {
        var before = policyTokenizer.Encode("a");
        var text = policyTokenizer.Decode([.. before, .. answer])[policyTokenizer.Decode(before).Length..];
        return PolicyIsEncoderDecoder && prompt.Length > 0 && char.IsWhiteSpace(prompt[^1]) ? text.TrimStart() : text;
    }
}
