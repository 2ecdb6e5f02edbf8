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
/// Direct preference optimization. Rafailov et al. 2023, eq. 7, https://arxiv.org/abs/2305.18290: −log σ(β log-ratio of the chosen − β
/// log-ratio of the rejected response), where a log-ratio is log π(y|x) − log π_ref(y|x). Details: (1) an example with several ranked
/// responses gives all its pairs; (2) where a share of annotators prefers the rejected response, or labels are smoothed, the losses of
/// both orders are weighted by it.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="reference">The policy before training.</param>
/// <param name="options">β and label smoothing.</param>
public sealed class Dpo(Policy policy, Reference reference, DpoOptions options) : IObjective<TokenComparisons>
{
    readonly ReferenceLogprobs refLogprobs = new(reference);

    public void Prepare(OfflineData<TokenComparisons> data) =>
        refLogprobs.Prepare(data.All.Select(example => PairBatch.From([example]).ToResponses(policy.Model.Device)));

    public double Count(IReadOnlyCollection<TokenComparisons> batch) => batch.Sum(example => example.Comparisons.Count);

    public Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var device = policy.Model.Device;
        var pairs = PairBatch.From(examples);
        var responses = policy.WithFrozenActivations(pairs.ToResponses(device));                    // N distinct responses in P pairs
        var logprobs = policy.SequenceLogprobs(responses);                                          // (N): log π
        var rewards = (logprobs - refLogprobs.Of(responses)) * options.Beta;                        // (N): β log-ratio
        var (w, l) = (TensorBatch.Longs(pairs.Chosen, device), TensorBatch.Longs(pairs.Rejected, device));
        var (chosen, rejected) = (rewards.IndexSelect(0, w), rewards.IndexSelect(0, l));            // (P)
        var flip = Tensor.From(pairs.FlipProbabilities(options.LabelSmoothing), pairs.Chosen.Length).To(device);
        var loss = Mean(RewardModeling.PairLoss(chosen, rejected, flipProbability: flip));
        return new(loss, new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["rewards/accuracies"] = Mean(RewardModeling.Accuracy(chosen.Detach(), rejected.Detach())),
            ["rewards/margins"] = Mean(chosen - rejected),
            ["rewards/chosen"] = Mean(chosen),
            ["rewards/rejected"] = Mean(rejected),
            ["logps/chosen"] = Mean(logprobs.IndexSelect(0, w)),
            ["logps/rejected"] = Mean(logprobs.IndexSelect(0, l)),
        });

        Tensor Mean(Tensor x) => Masked.Reduce(x, count: count);
    }

    public void AfterUpdate(int step) => reference.Sync(step);

    public int Length(TokenComparisons example) => example.Texts.Max(text => text.Length);

    public string Describe(TokenComparisons example) => policy.Tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"{NumberFormat.Percent(metrics["rewards/accuracies"])} of pairs in order, "
        + $"margin {NumberFormat.Fixed(metrics["rewards/margins"], 2)}, loss {NumberFormat.Fixed(metrics["loss"], 3)}";
}
