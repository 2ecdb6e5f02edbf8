using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>Losses of CPO.</summary>
public enum CpoLoss
{
    /// <summary>−log σ(β (log π(chosen) − log π(rejected))). Xu et al. 2024, eq. 3, https://arxiv.org/abs/2401.08417</summary>
    Sigmoid,

    /// <summary>max(0, 1 − β (log π(chosen) − log π(rejected)))</summary>
    Hinge,

    /// <summary>IPO without a reference, of mean log-probabilities of a token.</summary>
    Ipo,

    /// <summary>
    /// The sigmoid of mean log-probabilities of a token, with a margin γ. Meng et al. 2024, eq. 6, https://arxiv.org/abs/2405.14734
    /// </summary>
    Simpo,
}

/// <summary>Options of CPO.</summary>
public sealed record CpoOptions : IValidatableObject
{
    /// <summary>β: the reward is β times the log-probability of the response; SimPO uses 2 to 2.5.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>sigmoid (CPO), hinge, ipo or simpo; ipo and simpo are of mean log-probabilities of a token.</summary>
    public CpoLoss Loss { get; init; }

    /// <summary>The weight of the negative log-likelihood of the chosen responses; 0 for SimPO without it.</summary>
    [Range(0, double.PositiveInfinity)]
    public double CpoAlpha { get; init; } = 1;

    /// <summary>γ of simpo: the margin by which the reward of the chosen response should be higher.</summary>
    [Range(0, double.PositiveInfinity)]
    public double SimpoGamma { get; init; } = 0.5;

    /// <summary>
    /// α of AlphaPO, with simpo or ipo: a reward of (1 − p^−α) / α instead of log p, where log p is the mean log-probability of a token;
    /// 0 for log p.
    /// </summary>
    [Range(-10d, 10d)]
    public double Alpha { get; init; }

    /// <summary>ε: the share of comparisons that are taken for wrong (sigmoid and simpo), from 0 to below 0.5.</summary>
    [Range(0d, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>Whether log-probabilities are means over tokens, not sums.</summary>
    internal bool UsesMeans => Loss is CpoLoss.Ipo or CpoLoss.Simpo;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LabelSmoothing > 0 && Loss is CpoLoss.Hinge or CpoLoss.Ipo)
            yield return new("must be 0 where loss is hinge or ipo", [nameof(LabelSmoothing)]);
        if (Alpha != 0 && !UsesMeans)
            yield return new("must be 0 unless loss is simpo or ipo", [nameof(Alpha)]);
    }
}

/// <summary>
/// Contrastive preference optimization, without a reference. Xu et al. 2024, https://arxiv.org/abs/2401.08417; SimPO, Meng et al. 2024,
/// https://arxiv.org/abs/2405.14734; AlphaPO, Gupta et al. 2025, https://arxiv.org/abs/2501.03884. Detail: (1) the negative
/// log-likelihood is of the responses that most annotators prefer.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="options">The loss.</param>
public sealed class Cpo(Policy policy, CpoOptions options) : PairObjective(policy)
{
    public override Loss Compute(IReadOnlyList<TokenComparisons> examples, double count)
    {
        var pairs = PairBatch.From(examples);
        var responses = pairs.ToResponses(Device);                                                  // N distinct responses in P pairs
        var (w, l) = Rows(pairs);
        var sums = PairLogprobs.From(Policy.Logprobs(responses), responses.Mask, w, l);
        var logprobs = options.UsesMeans ? sums.Means : sums;
        var loss = Masked.Reduce(InBothOrders(logprobs, logprobs.Reversed, Shares(pairs), x => PairLoss(x, options)), count: count);
        var metrics = Metrics(Reward(logprobs.Chosen, options), Reward(logprobs.Rejected, options), logprobs, count);
        if (options.CpoAlpha == 0)
            return new(loss, metrics);
        var nll = Masked.Reduce(-sums.Chosen, count: NllTokens);
        metrics["nll_loss"] = nll;
        return new(loss + nll * options.CpoAlpha, metrics);
    }

    /// <summary>The loss (P) of each pair.</summary>
    internal static Tensor PairLoss(PairLogprobs logprobs, CpoOptions options)
    {
        var margin = Reward(logprobs.Chosen, options) - Reward(logprobs.Rejected, options);
        return options.Loss switch
        {
            CpoLoss.Hinge => PairLosses.Hinge(margin),
            CpoLoss.Ipo => PairLosses.Ipo(margin / options.Beta, options.Beta),
            CpoLoss.Simpo => PairLosses.Sigmoid(margin - options.SimpoGamma, options.LabelSmoothing),
            _ => PairLosses.Sigmoid(margin, options.LabelSmoothing),
        };
    }

    /// <summary>(P): β log p, or β (1 − p^−α) / α</summary>
    internal static Tensor Reward(Tensor logprobs, CpoOptions options) => options.Alpha == 0
        ? logprobs * options.Beta
        : (1 - (logprobs * -options.Alpha).Exp()) * (options.Beta / options.Alpha);
}
