using Attune.Data;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// Direct preference optimization. Rafailov et al. 2023, https://arxiv.org/abs/2305.18290, with the losses of <see cref="DpoLosses"/>;
/// LD-DPO, Liu et al. 2024, eq. 6, https://arxiv.org/abs/2409.06411; WPO, Zhou et al. 2024, eq. 2, https://arxiv.org/abs/2406.11827.
/// Details: (1) aot, aotUnpaired and sft take the response for chosen that most annotators prefer; (2) sft is of whole responses and
/// unweighted, with LD-DPO and WPO too; (3) ranks that share a step of aot or aotUnpaired first compute the terms of all its pairs.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="reference">The policy before training; null for none.</param>
/// <param name="options">β, and the loss.</param>
public sealed class Dpo(Policy policy, Reference? reference, DpoOptions options) : PairObjective(policy)
{
    readonly ReferenceLogprobs? refLogprobs = reference is null ? null : new(reference);
    StepPairs? step;                                               // where ranks share one whose pairs are compared

    public override bool ComparesExamples => options.ComparesPairs;

    public override void Prepare(OfflineData<TokenComparisons> data) =>
        refLogprobs?.Prepare(data.All.Select(example => PairBatch.From([example]).ToResponses(Device)));

    public override void BeginBatch(IReadOnlyList<TokenComparisons> batch, MicroBatches microBatches, bool isHeldOut)
    {
        base.BeginBatch(batch, microBatches, isHeldOut);
        step = ComparesExamples && Ranks.AreMany && !isHeldOut ? Gather(microBatches.Split(batch, Length), microBatches.Workers) : null;
    }

    public override Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var pairs = PairBatch.From(examples);
        var responses = Policy.WithFrozenActivations(pairs.ToResponses(Device));                    // N distinct responses in P pairs
        var analysis = Policy.Analyze(responses, withExpectedProbability: options.UseWeighting);
        var terms = Terms(pairs, responses, analysis.Logprobs);
        terms = step?.InStep(terms) ?? terms;
        var losses = Losses(
            terms, Shares(pairs), options.UseWeighting ? Weights(analysis, responses, pairs) : null, count, NllTokens);
        var metrics = Metrics(terms.ChosenLogRatio * options.Beta, terms.RejectedLogRatio * options.Beta, terms.Policy, count);
        if (losses.Count > 1)
            foreach (var (loss, value) in options.Loss.Zip(losses))
                metrics[$"loss/{DpoLosses.NameOf(loss)}"] = value;
        return new(Sum(losses, options), metrics);
    }

    public override void AfterUpdate(int step) => reference?.Sync(step);

    DpoTerms Terms(PairBatch pairs, Responses responses, Tensor logprobs)
    {
        var (w, l) = Rows(pairs);
        var own = PairLogprobs.From(logprobs, responses.Mask, w, l, options.LdAlpha);
        return new(
            own,
            refLogprobs is null
                ? own with { Chosen = own.Chosen.ZerosLike(), Rejected = own.Rejected.ZerosLike() }
                : PairLogprobs.From(refLogprobs.PerToken(responses), responses.Mask, w, l, options.LdAlpha),
            -PairLogprobs.From(logprobs, responses.Mask, w, l).Chosen,
            options,
            options.Beta);
    }

    /// <summary>The log-probabilities of all pairs of a step, of which each rank has one part.</summary>
    StepPairs Gather(IReadOnlyList<TokenComparisons[]> parts, IWorkers workers)
    {
        var all = workers.Map(parts, Logprobs);
        return new(
            [.. Enumerable.Range(0, all[0].Length).Select(at => all.SelectMany(part => part[at]).ToArray())],
            all.Take(Ranks.Current.Rank).Sum(part => part[0].Length));
    }

    /// <summary>
    /// (4, P): the log-probabilities of chosen and rejected responses under the policy, then under the reference.
    /// </summary>
    float[][] Logprobs(TokenComparisons[] examples)
    {
        using var noGrad = Autograd.NoGrad();                         // of the worker's thread
        using var scope = TensorScope.Open();
        var pairs = PairBatch.From(examples);
        var responses = Policy.WithFrozenActivations(pairs.ToResponses(Device));
        var terms = Terms(pairs, responses, Policy.Logprobs(responses));
        return [.. new[] { terms.Policy, terms.Reference }.SelectMany(side => new[] { side.Chosen, side.Rejected })
            .Select(numbers => numbers.ToArray<float>())];
    }

    /// <summary>The mean of each loss.</summary>
    /// <param name="terms">P pairs.</param>
    /// <param name="shares">(P) shares of annotators; null for 1.</param>
    /// <param name="weights">(P) weights of the pairs; null for 1.</param>
    /// <param name="count">The pairs of the whole step.</param>
    /// <param name="tokens">The tokens of the chosen responses of the whole step.</param>
    internal static IReadOnlyList<Tensor> Losses(DpoTerms terms, Tensor? shares, Tensor? weights, double count, double tokens)
    {
        return [.. terms.Options.Terms.Select(term => Mean(term.Row))];

        Tensor Mean(DpoLossRow row)
        {
            if (row.IsTokenMean)
                return Masked.Reduce(row.Compute(terms), count: tokens);
            var loss = InBothOrders(terms, terms.Reversed, row.ComparesPairs ? null : shares, row.Compute);
            return Masked.Reduce(weights is null ? loss : loss * weights, count: count);
        }
    }

    /// <summary>The losses added, each with its weight.</summary>
    internal static Tensor Sum(IReadOnlyList<Tensor> losses, DpoLossOptions options) =>
        losses.Zip(options.Terms, (loss, term) => loss * term.Weight).Aggregate((sum, loss) => sum + loss);

    /// <summary>(P): w(chosen) · w(rejected), without a gradient, with w = exp of the mean over tokens of log p − log Σ p².</summary>
    Tensor Weights(Analysis analysis, Responses responses, PairBatch pairs)
    {
        var (chosen, rejected) = Rows(pairs);
        return Weights(analysis.Logprobs, analysis.LogExpectedProbability!, responses.Mask, chosen, rejected);
    }

    /// <inheritdoc cref="Weights(Analysis, Responses, PairBatch)"/>
    internal static Tensor Weights(Tensor logprobs, Tensor logExpectedProbability, Tensor mask, Tensor chosen, Tensor rejected)
    {
        var likelihood = (logprobs - logExpectedProbability).Detach().MaskedFill(!mask, 0);                  // (N, T)
        var pairs = PairLogprobs.From(likelihood, mask, chosen, rejected).Means;
        return (pairs.Chosen + pairs.Rejected).Exp();
    }

    /// <summary>The pairs of a step.</summary>
    /// <param name="Logprobs">(4, N): policy chosen, policy rejected, reference chosen, reference rejected; of the step's N pairs.</param>
    /// <param name="First">The index of the first pair of this rank.</param>
    sealed record StepPairs(float[][] Logprobs, int First)
    {
        /// <summary>The terms of this rank's pairs, with those of the whole step.</summary>
        public DpoTerms InStep(DpoTerms own)
        {
            var device = own.Policy.Chosen.Device;
            Tensor[] numbers = Array.ConvertAll(Logprobs, row => Tensor.From(row, row.Length).To(device));
            return own with
            {
                Step = (own with { Policy = Pairs(numbers[0], numbers[1]), Reference = Pairs(numbers[2], numbers[3]) }, First),
            };

            static PairLogprobs Pairs(Tensor chosen, Tensor rejected) => new(chosen, rejected, chosen.ZerosLike(), rejected.ZerosLike());
        }
    }
}
