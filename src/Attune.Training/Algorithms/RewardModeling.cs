using Attune.Data;
using Attune.Models;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>
/// Reward modelling on comparisons: of two responses to a prompt, the chosen one should score higher (Bradley–Terry).
/// Stiennon et al. 2020, section 3.4, https://arxiv.org/abs/2009.01325, and for K responses Ouyang et al. 2022, eq. 1,
/// https://arxiv.org/abs/2203.02155: all C(K, 2) pairs of a prompt with weight 1/C(K, 2) each. Departures: (1) tied and unranked responses
/// make no pair, and the weight counts the remaining pairs; (2) each distinct response is in the forward pass once, however many pairs it
/// is in; (3) a margin for the strength of a preference, Touvron et al. 2023, eq. 2, https://arxiv.org/abs/2307.09288; (4) where a share of
/// annotators prefers the rejected response, that share of the loss is of the reversed pair; (5) several heads can be trained together,
/// with the mean of their losses.
/// </summary>
/// <param name="model">The model that is trained.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="options">Options of the loss.</param>
/// <param name="seed">The seed of the bootstrap weights of each head.</param>
public sealed class RewardModeling(RewardModel model, Tokenizer tokenizer, RewardModelingOptions options, int seed = 1)
    : IObjective<TokenComparisons>
{
    /// <summary>
    /// With bootstrap, adds the weight of the example for each head: how often a draw with replacement has it. It is the same at every
    /// visit.
    /// </summary>
    public TokenComparisons Transform(TokenComparisons example, long number) =>
        options.Bootstrap && number >= 0 ? example with { HeadWeights = BootstrapWeights(example) } : example;

    public double Count(IReadOnlyCollection<TokenComparisons> batch) =>
        options.Weighting == PairWeighting.Prompt ? batch.Count : batch.Sum(example => example.Comparisons.Count);

    public Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var pairs = PairBatch.From(examples);
        var scores = model.ScoreHeads(TensorBatch.Padded(pairs.Texts, tokenizer.FillId, model.Device));    // (N, M)
        var chosen = scores.IndexSelect(0, TensorBatch.Longs(pairs.Chosen, model.Device));                 // (P, M)
        var rejected = scores.IndexSelect(0, TensorBatch.Longs(pairs.Rejected, model.Device));
        var losses = PairLoss(
            chosen, rejected, Margins(pairs), options.CenterCoef, OrNull(pairs.FlipProbabilities(options.LabelSmoothing)));
        var weights = Column(options.Weighting == PairWeighting.Prompt ? pairs.Weights : Array.ConvertAll(pairs.Weights, _ => 1f));
        var loss = Masked.Reduce((losses * HeadWeights(examples, pairs) * weights).Mean(1), count: count);
        return new(loss, Metrics(chosen, rejected, weights, count));
    }

    /// <summary>−(1 − q) log σ(d) − q log σ(−d) + c (r_c + r_r)², with d = r_c − r_r − margin, of each pair.</summary>
    /// <param name="chosen">Scores r_c of the chosen responses, of any shape.</param>
    /// <param name="rejected">Scores r_r of the rejected ones, of the same shape.</param>
    /// <param name="margin">By how much the scores should differ; null for 0.</param>
    /// <param name="centerCoef">c</param>
    /// <param name="flipProbability">The probability q that the rejected response is the preferred one; null for 0.</param>
    public static Tensor PairLoss(
        Tensor chosen, Tensor rejected, Tensor? margin = null, double centerCoef = 0, Tensor? flipProbability = null)
    {
        var difference = margin is null ? chosen - rejected : chosen - rejected - margin;
        var loss = -difference.LogSigmoid();
        if (flipProbability is not null)
            loss += flipProbability * difference;                          // log σ(−d) = log σ(d) − d
        return centerCoef == 0 ? loss : loss + (chosen + rejected).Square() * centerCoef;
    }

    Tensor? Margins(PairBatch pairs) => OrNull(Array.ConvertAll(pairs.Margins, margin => (float)(options.MarginScale * margin)));

    Tensor? OrNull(float[] numbers) => Array.TrueForAll(numbers, number => number == 0) ? null : Column(numbers);

    /// <summary>(P, 1)</summary>
    Tensor Column(float[] numbers) => Tensor.From(numbers, numbers.Length, 1).To(model.Device);

    /// <summary>(P, M), or a scalar 1 where all heads have the same examples.</summary>
    Tensor HeadWeights(IReadOnlyList<TokenComparisons> examples, PairBatch pairs) => examples[0].HeadWeights is null
        ? Tensor.Scalar(1, device: model.Device)
        : Tensor.From(
            (float[])[.. pairs.Examples.SelectMany(index => examples[index].HeadWeights!)], pairs.Examples.Length, model.HeadCount)
            .To(model.Device);

    Dictionary<string, Tensor> Metrics(Tensor chosenByHead, Tensor rejectedByHead, Tensor weights, double count)
    {
        var (chosen, rejected) = (chosenByHead.Mean(1).Detach(), rejectedByHead.Mean(1).Detach());          // (P)
        var metrics = new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["rewards/accuracies"] = Mean(Accuracy(chosen, rejected)),
            ["rewards/margins"] = Mean(chosen - rejected),
            ["rewards/chosen"] = Mean(chosen),
            ["rewards/rejected"] = Mean(rejected),
        };
        if (model.HeadCount > 1)
            metrics["rewards/disagreement"] = Mean(StdOverHeads((chosenByHead - rejectedByHead).Detach()));
        return metrics;

        Tensor Mean(Tensor x) => Masked.Reduce(x * weights.Squeeze(1), count: count);
    }

    /// <summary>(P, M) → (P): the standard deviation over heads, divided by M.</summary>
    static Tensor StdOverHeads(Tensor x) => (x - x.Mean(1, keepDim: true)).Square().Mean(1).Sqrt();

    /// <summary>1 where the chosen one scores higher, ½ where both score the same, else 0.</summary>
    public static Tensor Accuracy(Tensor chosen, Tensor rejected) =>
        ((chosen > rejected).To(DType.Float32) + (!(chosen < rejected)).To(DType.Float32)) * 0.5;

    /// <summary>
    /// Weights from a Poisson distribution with mean 1, the limit of drawing with replacement. They depend on the seed and the texts only.
    /// </summary>
    float[] BootstrapWeights(TokenComparisons example)
    {
        var random = new Random(example.Texts.SelectMany(text => text).Aggregate(seed, (hash, token) => unchecked(hash * 31 + token)));
        return [.. Enumerable.Range(0, model.HeadCount).Select(_ => Poisson(random.NextDouble()))];
    }

    static float Poisson(double uniform)
    {
        var (count, probability) = (0, Math.Exp(-1));
        while (uniform >= probability && count < 20)
        {
            uniform -= probability;
            probability /= ++count;
        }
        return count;
    }

    public int Length(TokenComparisons example) => example.Texts.Max(text => text.Length);

    public string Describe(TokenComparisons example) => tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"{NumberFormat.Percent(metrics["rewards/accuracies"])} of pairs correct, "
        + $"margin {NumberFormat.Fixed(metrics["rewards/margins"], 2)}, loss {NumberFormat.Fixed(metrics["loss"], 3)}";
}
