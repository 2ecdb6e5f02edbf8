using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// Scores of a reward model for prompts with responses, encoded as in its training. Its tokenizer may differ from the policy's: then the
/// text is encoded again.
/// </summary>
/// <param name="model">The reward model.</param>
/// <param name="tokenizer">The reward model's tokenizer.</param>
/// <param name="policyTokenizer">The tokenizer of the responses.</param>
public sealed class RewardModelSource(RewardModel model, Tokenizer tokenizer, Tokenizer policyTokenizer) : IRewardSource
{
    readonly bool sameTokens = tokenizer.HasSameTokensAs(policyTokenizer);
    readonly TextEncoder encoder = tokenizer.NewSequenceEncoder(model.Backbone);

    /// <summary>
    /// Whether the policy is an encoder–decoder: its prompts and responses are separate texts, so their tokens cannot be joined.
    /// </summary>
    public bool PolicyIsEncoderDecoder { get; init; }

    /// <summary>How many batches are scored in parallel on a CPU, each on one thread.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>How the scores of several heads become one.</summary>
    public EnsembleOptions Ensemble { get; init; } = new();

    public bool UsesModel => true;

    public Scores Score(Rollouts rollouts) => Scores.FromTotals(ScoreHeads(rollouts).Select(Ensemble.Aggregate));

    /// <summary>The scores of each response by each head.</summary>
    public double[][] ScoreHeads(Rollouts rollouts) => ScoreHeads([.. rollouts.Prompts.Zip(rollouts.Completions, Tokens)]);

    /// <summary>Scores of texts in the reward model's tokens; a text longer than its context length is truncated at the start.</summary>
    public double[] Score(IReadOnlyList<int[]> texts) => Array.ConvertAll(ScoreHeads(texts), Ensemble.Aggregate);

    /// <summary>The scores of each text by each head.</summary>
    public double[][] ScoreHeads(IReadOnlyList<int[]> texts) => LengthBatches.Map(
        texts, text => text.Length, RankWorkers.On(model.Device, Workers),
        rows => ScoreTogether(Array.ConvertAll(rows, encoder.Truncate)));

    double[][] ScoreTogether(int[][] texts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var heads = model.ScoreHeads(TensorBatch.Padded(texts, tokenizer.FillId, model.Device)).ToArray<float>();
        return [.. heads.Select(score => (double)score).Chunk(model.HeadCount)];
    }

    /// <summary>A prompt and the policy's response in the reward model's tokens.</summary>
    int[] Tokens(TokenPrompt prompt, Response completion)
    {
        if (sameTokens && !PolicyIsEncoderDecoder && completion.StopString is null)
            return [.. prompt.Tokens, .. completion.Tokens];
        var written = completion is { Ended: true, StopString: null } ? completion.Tokens[..^1] : completion.Tokens;
        return encoder.EncodeResponse(prompt.Text, StopStrings.Cut(TextAfter(prompt.Text, written), completion), completion.Ended);
    }

    /// <summary>
    /// The text of a response after a prompt. Some tokenizers drop the space at the start of a text, so the response is decoded after a
    /// token.
    /// </summary>
    string TextAfter(string prompt, int[] answer)
    {
        var before = policyTokenizer.Encode("a");
        var text = policyTokenizer.Decode([.. before, .. answer])[policyTokenizer.Decode(before).Length..];
        return PolicyIsEncoderDecoder && prompt.Length > 0 && char.IsWhiteSpace(prompt[^1]) ? text.TrimStart() : text;
    }
}
