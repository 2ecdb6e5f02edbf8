using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>Options of ORPO.</summary>
public sealed record OrpoOptions
{
    /// <summary>β (λ in the paper): the weight of the odds ratio beside the negative log-likelihood.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;
}

/// <summary>
/// Odds ratio preference optimization: fine-tuning on the chosen responses with a penalty on the rejected ones, without a reference. Hong
/// et al. 2024, eq. 6 and 7, https://arxiv.org/abs/2403.07691. Details: (1) the negative log-likelihood is of prompt and response, as in
/// TRL and in the authors' code; of an encoder–decoder it is of the response; (2) it is of the responses that most annotators prefer; (3)
/// the mean log-probability of a token is at most −10⁻⁶ in the odds, so that they are finite where the model is certain.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="options">β</param>
public sealed class Orpo(Policy policy, OrpoOptions options) : PairObjective(policy)
{
    bool ReadsPrompts => Policy.Model.Backbone.StartToken is null;

    public override Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var pairs = PairBatch.From(examples);
        var whole = ReadsPrompts ? pairs.WithPromptsOfOneToken() : pairs;
        var texts = whole.ToResponses(Device);
        var logprobs = Policy.Logprobs(texts);                                                      // (N, T), of prompts too
        var (w, l) = Rows(pairs);
        var nll = Masked.Reduce(-PairLogprobs.From(logprobs, texts.Mask, w, l).Chosen, count: NllTokens);
        var means = PairLogprobs.From(logprobs, ResponseMask(pairs, whole, texts), w, l).Means;
        var logOdds = LogOdds(means);
        var ratio = Masked.Reduce(InBothOrders(logOdds, -logOdds, Shares(pairs), x => x.LogSigmoid()), count: count);
        return new(nll - ratio * options.Beta, Metrics(means, logOdds, ratio, nll, options, count));
    }

    protected override double CountNllTokens(TokenComparisons example) =>
        ReadsPrompts ? example.Comparisons.Sum(pair => example.Texts[pair.Chosen].Length - 1.0) : base.CountNllTokens(example);

    /// <summary>
    /// (P): log of the odds p / (1 − p) of the chosen response less that of the rejected one, p the mean probability of a token.
    /// </summary>
    internal static Tensor LogOdds(PairLogprobs means)
    {
        return LogOddsOf(means.Chosen) - LogOddsOf(means.Rejected);

        static Tensor LogOddsOf(Tensor logprobs)
        {
            var x = logprobs.Clamp(null, -1e-6);
            return x - (1 - x.Exp()).Log();
        }
    }

    internal static Dictionary<string, Tensor> Metrics(
        PairLogprobs means, Tensor logOdds, Tensor ratio, Tensor nll, OrpoOptions options, double count)
    {
        var metrics = Metrics(means.Chosen * options.Beta, means.Rejected * options.Beta, means, count);
        (metrics["nll_loss"], metrics["log_odds_ratio"]) = (nll, ratio);
        metrics["log_odds_chosen"] = Masked.Reduce(logOdds, count: count);
        return metrics;
    }

    /// <summary>(N, T) bool: the tokens of the responses in texts whose prompts were made shorter.</summary>
    Tensor ResponseMask(PairBatch pairs, PairBatch whole, Responses texts)
    {
        var columns = (int)texts.Mask.Size(1);
        var mask = new bool[texts.Count * columns];
        foreach (var (row, length) in pairs.PromptLengths.Index())
            Array.Fill(
                mask, true, row * columns + length - whole.PromptLengths[row], pairs.Texts[row].Length - length);
        return Tensor.From(mask, texts.Count, columns).To(Device);
    }
}
