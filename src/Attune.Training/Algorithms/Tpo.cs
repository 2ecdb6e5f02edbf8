using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>Losses of TPO.</summary>
public enum TpoLoss
{
    /// <summary>−log σ(β (log π(chosen) − log π(rejected)))</summary>
    Sigmoid,

    /// <summary>max(0, 1 − β (log π(chosen) − log π(rejected)))</summary>
    Hinge,

    /// <summary>IPO without a reference, of mean log-probabilities of a token.</summary>
    Ipo,

    /// <summary>TPO-L: the sigmoid of mean log-probabilities of a token, with a margin γ.</summary>
    TpoL,
}

/// <summary>Options of TPO.</summary>
public sealed record TpoOptions : IValidatableObject
{
    /// <summary>β: the reward is β times the log-probability of the response.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.01;

    /// <summary>sigmoid, hinge, ipo or tpoL; ipo and tpoL are of mean log-probabilities of a token.</summary>
    public TpoLoss Loss { get; init; }

    /// <summary>The weight of the negative log-likelihood of the gold responses.</summary>
    [Range(0, double.PositiveInfinity)]
    public double TpoAlpha { get; init; } = 1;

    /// <summary>γ of tpoL: the margin by which the reward of the chosen response should be higher.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Gamma { get; init; } = 0.5;

    /// <summary>ε: the share of comparisons that are taken for wrong (sigmoid and tpoL), from 0 to below 0.5.</summary>
    [Range(0d, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>Whether log-probabilities are means over tokens, not sums.</summary>
    internal bool UsesMeans => Loss is TpoLoss.Ipo or TpoLoss.TpoL;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LabelSmoothing > 0 && Loss is TpoLoss.Hinge or TpoLoss.Ipo)
            yield return new("must be 0 where loss is hinge or ipo", [nameof(LabelSmoothing)]);
    }
}

/// <summary>
/// Triple preference optimization: a comparison of two responses without a reference, and fine-tuning on a third, gold response. Saeidi
/// et al. 2024, https://arxiv.org/abs/2405.16681. Detail: (1) the gold response of an example counts once, however many pairs the example
/// has.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="options">The loss.</param>
public sealed class Tpo(Policy policy, TpoOptions options) : PairObjective(policy)
{
    public override Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var pairs = PairBatch.From(examples);
        var responses = pairs.ToResponses(Device);                                                  // N distinct responses in P pairs
        var all = Policy.Logprobs(responses).MaskedFill(!responses.Mask, 0);                        // (N, T)
        var (w, l) = Rows(pairs);
        var sums = PairLogprobs.From(all, responses.Mask, w, l);
        var logprobs = options.UsesMeans ? sums.Means : sums;
        var loss = Masked.Reduce(InBothOrders(logprobs, logprobs.Reversed, Shares(pairs), x => PairLoss(x, options)), count: count);
        var metrics = Metrics(logprobs.Chosen * options.Beta, logprobs.Rejected * options.Beta, logprobs, count);
        if (options.TpoAlpha == 0)
            return new(loss, metrics);
        var gold = all.Sum(1).IndexSelect(0, TensorBatch.Longs(pairs.References, Device));          // (E), one for each example
        var nll = Masked.Reduce(-gold, count: NllTokens);
        metrics["nll_loss"] = nll;
        return new(loss + nll * options.TpoAlpha, metrics);
    }

    protected override double CountNllTokens(TokenComparisons example) => example.Reference!.Length - example.PromptLength;

    /// <summary>The loss (P) of each pair.</summary>
    internal static Tensor PairLoss(PairLogprobs logprobs, TpoOptions options)
    {
        var difference = logprobs.Chosen - logprobs.Rejected;
        return options.Loss switch
        {
            TpoLoss.Hinge => PairLosses.Hinge(difference * options.Beta),
            TpoLoss.Ipo => PairLosses.Ipo(difference, options.Beta),
            TpoLoss.TpoL => PairLosses.Sigmoid(difference * options.Beta - options.Gamma, options.LabelSmoothing),
            _ => PairLosses.Sigmoid(difference * options.Beta, options.LabelSmoothing),
        };
    }
}
