using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// A loss of a policy over pairs of responses. An example with several ranked responses gives all its pairs; where a share of annotators
/// prefers the rejected response, that share of a pair's loss is of the reversed pair.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
public abstract class PairObjective(Policy policy) : IObjective<TokenComparisons>
{
    public virtual bool ComparesExamples => false;

    /// <summary>The tokens of the whole batch whose mean negative log-likelihood is in the loss.</summary>
    protected double NllTokens { get; private set; }

    protected Policy Policy => policy;

    protected Device Device => policy.Model.Device;

    public virtual void Prepare(OfflineData<TokenComparisons> data)
    {
    }

    public virtual void BeginBatch(IReadOnlyList<TokenComparisons> batch, MicroBatches microBatches, bool isHeldOut) =>
        NllTokens = batch.Sum(CountNllTokens);

    public double Count(IReadOnlyCollection<TokenComparisons> batch) => batch.Sum(example => example.Comparisons.Count);

    public abstract Loss Compute(IReadOnlyList<TokenComparisons> examples, double count);

    public virtual void AfterUpdate(int step)
    {
    }

    public int Length(TokenComparisons example) => Math.Max(example.Texts.Max(text => text.Length), example.Reference?.Length ?? 0);

    public string Describe(TokenComparisons example) => policy.Tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"{NumberFormat.Percent(metrics["rewards/accuracies"])} of pairs in order, "
        + $"margin {NumberFormat.Fixed(metrics["rewards/margins"], 2)}, loss {NumberFormat.Fixed(metrics["loss"], 3)}";

    /// <summary>The tokens of an example that are in a mean negative log-likelihood: those of the chosen response of each pair.</summary>
    protected virtual double CountNllTokens(TokenComparisons example) =>
        example.Comparisons.Sum(pair => (double)example.Texts[pair.Chosen].Length - example.PromptLength);

    /// <summary>The rows (P) of the chosen and of the rejected responses.</summary>
    protected (Tensor Chosen, Tensor Rejected) Rows(PairBatch pairs) =>
        (TensorBatch.Longs(pairs.Chosen, Device), TensorBatch.Longs(pairs.Rejected, Device));

    /// <summary>(P) the share of annotators who prefer the chosen response; null where it is 1 for all pairs.</summary>
    protected Tensor? Shares(PairBatch pairs) =>
        Array.TrueForAll(pairs.Shares, share => share == 1) ? null : Tensor.From(pairs.Shares, pairs.Shares.Length).To(Device);

    /// <summary>s · loss + (1 − s) · loss of the reversed pair, for a share s of annotators.</summary>
    internal static Tensor InBothOrders<T>(T pairs, T reversed, Tensor? shares, Func<T, Tensor> loss) =>
        shares is null ? loss(pairs) : loss(pairs) * shares + loss(reversed) * (1 - shares);

    /// <summary>Means over pairs.</summary>
    /// <param name="chosen">(P) rewards of the chosen responses.</param>
    /// <param name="rejected">(P) rewards of the rejected responses.</param>
    /// <param name="logprobs">The log-probabilities that the loss is computed from.</param>
    /// <param name="count">The pairs of the whole step.</param>
    internal static Dictionary<string, Tensor> Metrics(Tensor chosen, Tensor rejected, PairLogprobs logprobs, double count)
    {
        return new(StringComparer.Ordinal)
        {
            ["rewards/accuracies"] = Mean(RewardModeling.Accuracy(chosen.Detach(), rejected.Detach())),
            ["rewards/margins"] = Mean(chosen - rejected),
            ["rewards/chosen"] = Mean(chosen),
            ["rewards/rejected"] = Mean(rejected),
            ["logps/chosen"] = Mean(logprobs.Chosen),
            ["logps/rejected"] = Mean(logprobs.Rejected),
        };

        Tensor Mean(Tensor x) => Masked.Reduce(x, count: count);
    }
}
