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
    const int RowsAtOnce = 64;

    readonly bool sameTokens = HaveSameTokens(tokenizer, policyTokenizer);
    readonly int padId = tokenizer.PadId ?? tokenizer.EosId ?? 0;

    public double[] Score(Rollouts rollouts) =>
        Score([.. rollouts.Prompts.Zip(rollouts.Completions, (prompt, completion) => ToTokens(prompt.Tokens, prompt.Text, completion))]);

    /// <summary>Scores of texts in the reward model's tokens.</summary>
    public double[] Score(IReadOnlyList<int[]> texts)
    {
        using var noGrad = Autograd.NoGrad();
        var scores = new double[texts.Count];
        foreach (var rows in Enumerable.Range(0, texts.Count).OrderBy(row => texts[row].Length).Chunk(RowsAtOnce))
        {
            using var scope = TensorScope.Open();
            var batch = model.Score(TensorBatch.Padded([.. rows.Select(row => Cut(texts[row]))], padId, model.Device)).ToArray<float>();
            foreach (var (row, score) in rows.Zip(batch))
                scores[row] = score;
        }
        return scores;
    }

    /// <summary>A text that is longer than the reward model's context loses its beginning.</summary>
    int[] Cut(int[] text) => text.Length <= model.Backbone.ContextLength ? text : text[^(int)model.Backbone.ContextLength..];

    static bool HaveSameTokens(Tokenizer a, Tokenizer b) =>
        a.VocabularySize == b.VocabularySize && Enumerable.Range(0, a.VocabularySize).All(id => a.IdToToken(id) == b.IdToToken(id));

    int[] ToTokens(int[] prompt, string promptText, Completion completion)
    {
        if (sameTokens)
            return [.. prompt, .. completion.Tokens];
        var answer = completion.Ended ? completion.Tokens[..^1] : completion.Tokens;
        int[] end = completion.Ended && tokenizer.EosId is { } eos ? [eos] : [];
        return [.. tokenizer.Encode(promptText), .. tokenizer.Encode(policyTokenizer.Decode(answer)), .. end];
    }
}
