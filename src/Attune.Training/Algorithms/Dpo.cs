using Attune.Data;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// Direct preference optimization. Rafailov et al. 2023, eq. 7, https://arxiv.org/abs/2305.18290: −log σ(β log-ratio of the chosen − β
/// log-ratio of the rejected response), where a log-ratio is log π(y|x) − log π_ref(y|x). Details: (1) a ranking gives all its pairs;
/// (2) where a share of people prefers the rejected response, or labels are smoothed, the loss of both orders is weighted by it.
/// </summary>
/// <param name="policy">Learns.</param>
/// <param name="reference">The policy before training.</param>
/// <param name="options">β and label smoothing.</param>
public sealed class Dpo(Policy policy, CreateReference reference, DpoOptions options) : IObjective<TokenComparisons>
{
    readonly Dictionary<int[], float> precomputed = new(new PairBatch.SameTokens());

    /// <summary>Computes the reference's log-probabilities once, when it does not stay in memory.</summary>
    public void Prepare(IReadOnlyList<TokenComparisons> examples)
    {
        if (reference.IsKept)
            return;
        using var lease = reference.Use();
        foreach (var example in examples)
        {
            using var scope = TensorScope.Open();
            var pairs = PairBatch.From([example]);
            var logprobs = WithoutGradient(lease.Policy, pairs.ToResponses(policy.Model.Device));
            foreach (var (text, logprob) in pairs.Texts.Zip(logprobs.ToArray<float>()))
                precomputed[text] = logprob;
        }
    }

    public double Count(IReadOnlyCollection<TokenComparisons> batch) => batch.Sum(ranking => ranking.Comparisons.Count);

    public Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var device = policy.Model.Device;
        var pairs = PairBatch.From(examples);
        var (better, worse) = (TensorBatch.Longs(pairs.Chosen, device), TensorBatch.Longs(pairs.Rejected, device));     // (P)
        var responses = pairs.ToResponses(device);
        var logprobs = policy.SequenceLogprobs(responses);                                          // (N)
        var rewards = (logprobs - ReferenceLogprobs(pairs, responses)) * options.Beta;              // (N)
        var (chosen, rejected) = (rewards.IndexSelect(0, better), rewards.IndexSelect(0, worse));   // (P)
        var flip = Tensor.From(pairs.FlipProbabilities(options.LabelSmoothing), pairs.Chosen.Length).To(device);
        var loss = Mean(RewardModeling.PairLoss(chosen, rejected, flipProbability: flip));
        return new(loss, new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["rewards/accuracies"] = Mean(RewardModeling.Accuracy(chosen.Detach(), rejected.Detach())),
            ["rewards/margins"] = Mean(chosen - rejected),
            ["rewards/chosen"] = Mean(chosen),
            ["rewards/rejected"] = Mean(rejected),
            ["logps/chosen"] = Mean(logprobs.IndexSelect(0, better)),
            ["logps/rejected"] = Mean(logprobs.IndexSelect(0, worse)),
        });

        Tensor Mean(Tensor x) => Masked.Reduce(x, count: count);
    }

    public void AfterUpdate(int step) => reference.Sync(step);

    public int Length(TokenComparisons example) => example.Texts.Max(text => text.Length);

    public string Describe(TokenComparisons example) => policy.Tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"{100 * metrics["rewards/accuracies"]:F0} % of pairs in order, margin {metrics["rewards/margins"]:F2}, loss {metrics["loss"]:F3}";

    Tensor ReferenceLogprobs(PairBatch pairs, Responses responses)
    {
        if (!reference.IsKept)
            return Tensor.From(Array.ConvertAll(pairs.Texts, text => precomputed[text]), responses.Count).To(policy.Model.Device);
        using var lease = reference.Use();
        return WithoutGradient(lease.Policy, responses);
    }

    static Tensor WithoutGradient(Policy reference, Responses responses)
    {
        using var noGrad = Autograd.NoGrad();
        return reference.SequenceLogprobs(responses);
    }
}
