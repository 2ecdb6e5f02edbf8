using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;

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
    public bool Apart { get; init; }

    /// <summary>How many groups of texts are read at once on a CPU, a thread each.</summary>
    public int Workers { get; init; } = 1;

    public Scores Score(Rollouts rollouts) => Scores.Of(
        Score([.. rollouts.Prompts.Zip(rollouts.Completions, (prompt, completion) => ToTokens(prompt.Tokens, prompt.Text, completion))]));

    /// <summary>Scores of texts in the reward model's tokens; one longer than its context loses its beginning.</summary>
    public double[] Score(IReadOnlyList<int[]> texts)
    {
        var scores = new double[texts.Count];
        var parts = Enumerable.Range(0, texts.Count).OrderBy(row => texts[row].Length).Chunk(RowsAtOnce).ToList();
        var workers = WorkerThreads.CountOn(model.Device, Workers);
        foreach (var (rows, found) in parts.Zip(WorkerThreads.Run(workers, parts, rows => ScoreTogether([.. rows.Select(row => encoder.Cut(texts[row]))]))))
            foreach (var (row, score) in rows.Zip(found))
                scores[row] = score;
        return scores;
    }

    float[] ScoreTogether(int[][] texts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        return model.Score(TensorBatch.Padded(texts, tokenizer.FillId, model.Device)).ToArray<float>();
    }

    int[] ToTokens(int[] prompt, string promptText, Completion completion)
    {
        if (sameTokens && !Apart)
            return [.. prompt, .. completion.Tokens];
        var answer = TextBehind(promptText, completion.Ended ? completion.Tokens[..^1] : completion.Tokens);
        return encoder.Answered(promptText, answer, completion.Ended);
    }

    /// <summary>An answer as it reads behind a prompt. Some tokenizers leave the space out that a text of theirs begins with.</summary>
    string TextBehind(string prompt, int[] answer)
    {
        var before = policyTokenizer.Encode("a");
        var text = policyTokenizer.Decode([.. before, .. answer])[policyTokenizer.Decode(before).Length..];
        return Apart && prompt.Length > 0 && char.IsWhiteSpace(prompt[^1]) ? text.TrimStart() : text;
    }
}
