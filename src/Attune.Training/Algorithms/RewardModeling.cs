using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>Options of reward modelling.</summary>
public sealed record RewardModelingOptions
{
    /// <summary>Pulls the scores of a pair towards a sum of 0; 0.01 is usual, 0 for none.</summary>
    public double CenterCoef { get; init; }
}

/// <summary>
/// Learns from rankings to turn a text into one number: of two answers to a prompt, the better one should score higher.
/// Stiennon et al. 2020, section 3.4, https://arxiv.org/abs/2009.01325, and for K answers Ouyang et al. 2022, eq. 1,
/// https://arxiv.org/abs/2203.02155: all C(K, 2) pairs of a prompt with weight 1/C(K, 2) each. Departures: (1) tied answers make no
/// pair, and the weight counts the pairs that are left; (2) each distinct answer is read once, however many pairs it is in.
/// </summary>
public sealed class RewardModeling(RewardModel model, Tokenizer tokenizer, RewardModelingOptions options) : IObjective<TokenRanking>
{
    public double Count(IReadOnlyCollection<TokenRanking> batch) => batch.Count;

    public Loss Compute(IReadOnlyList<TokenRanking> examples, double count)
    {
        int[][] texts = [.. examples.SelectMany(ranking => ranking.Texts)];
        var scores = model.Score(TensorBatch.Padded(texts, tokenizer.FillId, model.Device));             // (N)
        var pairs = RankedPairs.Of(examples.Select(ranking => ranking.Ranks));
        var chosen = scores.IndexSelect(0, TensorBatch.Longs(pairs.Better, model.Device));                 // (P)
        var rejected = scores.IndexSelect(0, TensorBatch.Longs(pairs.Worse, model.Device));
        var weights = Tensor.From(pairs.Weights, pairs.Weights.Length).To(model.Device);
        var loss = Masked.Reduce(PairLoss(chosen, rejected, margin: null, options.CenterCoef) * weights, count: count);
        return new(loss, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["loss"] = loss.Item(),
            ["rewards/accuracies"] = Masked.Reduce(Right(chosen, rejected) * weights, count: count).Item(),
            ["rewards/margins"] = Masked.Reduce((chosen - rejected) * weights, count: count).Item(),
            ["rewards/chosen"] = Masked.Reduce(chosen * weights, count: count).Item(),
            ["rewards/rejected"] = Masked.Reduce(rejected * weights, count: count).Item(),
        });
    }

    /// <summary>−log σ(r_c − r_r − margin) + c (r_c + r_r)² of each pair (P).</summary>
    public static Tensor PairLoss(Tensor chosen, Tensor rejected, Tensor? margin, double centerCoef)
    {
        var difference = margin is null ? chosen - rejected : chosen - rejected - margin;
        var loss = -difference.LogSigmoid();
        return centerCoef == 0 ? loss : loss + (chosen + rejected).Square() * centerCoef;
    }

    /// <summary>1 where the better answer scores higher, ½ where both score the same, else 0.</summary>
    static Tensor Right(Tensor chosen, Tensor rejected) =>
        ((chosen > rejected).To(DType.Float32) + (!(chosen < rejected)).To(DType.Float32)) * 0.5;

    public int Length(TokenRanking example) => example.Texts.Max(text => text.Length);

    public string Describe(TokenRanking example) => tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string InWords(IReadOnlyDictionary<string, double> metrics) =>
        $"{100 * metrics["rewards/accuracies"]:F0} % of pairs in order, margin {metrics["rewards/margins"]:F2}, loss {metrics["loss"]:F3}";
}
