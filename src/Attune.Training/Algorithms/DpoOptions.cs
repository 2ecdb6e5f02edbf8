using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Losses of DPO; docs/algorithms/dpo.md has their formulas.</summary>
public enum DpoLoss
{
    /// <summary>Rafailov et al. 2023, eq. 7, https://arxiv.org/abs/2305.18290</summary>
    Sigmoid,

    /// <summary>Zhao et al. 2023, https://arxiv.org/abs/2305.10425</summary>
    Hinge,

    /// <summary>Azar et al. 2023, eq. 17, https://arxiv.org/abs/2310.12036</summary>
    Ipo,

    /// <summary>The same for sums over the tokens of a response, as in the paper, instead of means.</summary>
    IpoSum,

    /// <summary>Ji et al. 2024, eq. 16, https://arxiv.org/abs/2402.00856</summary>
    ExoPair,

    /// <summary>Chen et al. 2024, https://arxiv.org/abs/2402.05369</summary>
    NcaPair,

    /// <summary>Chowdhury et al. 2024, https://arxiv.org/abs/2403.00409</summary>
    Robust,

    /// <summary>Jung et al. 2024, https://arxiv.org/abs/2404.04656</summary>
    BcoPair,

    /// <summary>Wu et al. 2024, eq. 4.7, https://arxiv.org/abs/2405.00675</summary>
    SppoHard,

    /// <summary>Melnyk et al. 2024, https://arxiv.org/abs/2406.05882</summary>
    Aot,

    /// <summary>The same for responses that are not paired.</summary>
    AotUnpaired,

    /// <summary>D'Oosterlinck et al. 2024, eq. 7, https://arxiv.org/abs/2408.06266</summary>
    ApoZero,

    /// <summary>D'Oosterlinck et al. 2024, eq. 8.</summary>
    ApoDown,

    /// <summary>Lu et al. 2024, eq. 5, https://arxiv.org/abs/2406.08414</summary>
    Discopop,

    /// <summary>The negative log-likelihood of the chosen responses, a mean over their tokens.</summary>
    Sft,

    /// <summary>The sigmoid loss of log-ratios divided by the length of the response.</summary>
    SigmoidNorm,
}

/// <summary>Divergences of the policy from the reference. Wang et al. 2023, https://arxiv.org/abs/2309.16240</summary>
public enum FDivergence
{
    /// <summary>Reverse KL, as in DPO.</summary>
    ReverseKl,

    /// <summary>Forward KL.</summary>
    ForwardKl,

    /// <summary>Jensen–Shannon divergence.</summary>
    JsDivergence,

    /// <summary>α-divergence.</summary>
    AlphaDivergence,
}

/// <summary>The losses of DPO, and their options.</summary>
public abstract record DpoLossOptions : IValidatableObject
{
    static readonly IReadOnlyList<DpoLoss> OnlySigmoid = [DpoLoss.Sigmoid];

    /// <summary>
    /// One or several of sigmoid, hinge, ipo, ipoSum, exoPair, ncaPair, robust, bcoPair, sppoHard, aot, aotUnpaired, apoZero, apoDown,
    /// discopop, sft and sigmoidNorm; several are added.
    /// </summary>
    [MinLength(1)]
    public IReadOnlyList<DpoLoss> Loss { get; init; } = OnlySigmoid;

    /// <summary>The weight of each loss; empty for 1 each.</summary>
    public IReadOnlyList<double> LossWeights { get; init; } = [];

    /// <summary>
    /// ε: the share of comparisons that are taken for wrong (sigmoid, robust, aot, aotUnpaired), or the probability of the rejected
    /// response that is aimed at (exoPair), from 0 to below 0.5.
    /// </summary>
    [Range(0d, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>The divergence that holds the policy to the reference: reverseKl, forwardKl, jsDivergence or alphaDivergence.</summary>
    public FDivergence FDivergence { get; init; }

    /// <summary>α of alphaDivergence: 0 is forward KL, 1 is reverse KL.</summary>
    [Range(0d, 10d)]
    public double AlphaDivergenceCoef { get; init; } = 0.5;

    /// <summary>
    /// LD-DPO: the weight of the tokens by which a response is longer than the other one of its pair; 1 switches it off.
    /// </summary>
    [Range(0d, 1d)]
    public double LdAlpha { get; init; } = 1;

    /// <summary>τ of discopop: smaller values switch between its two losses more abruptly.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double DiscopopTau { get; init; } = 0.05;

    /// <summary>The losses with their weights.</summary>
    internal IEnumerable<(DpoLossRow Row, double Weight)> Terms =>
        Loss.Select((loss, at) => (DpoLosses.All[loss], LossWeights.Count > 0 ? LossWeights[at] : 1));

    /// <summary>Whether a loss compares the pairs of a step, so that the step cannot be split.</summary>
    internal bool ComparesPairs => Loss.Any(loss => DpoLosses.All[loss].ComparesPairs);

    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var rows = Loss.Select(loss => DpoLosses.All[loss]).ToList();
        if (Loss.Distinct().Count() < Loss.Count)
            yield return new("must name each loss once", [nameof(Loss)]);
        if (LossWeights.Count > 0 && LossWeights.Count != Loss.Count)
            yield return new($"must have one weight for each loss, {Loss.Count}, or be empty", [nameof(LossWeights)]);
        if (!LossWeights.All(double.IsFinite))
            yield return new("must be finite numbers", [nameof(LossWeights)]);
        if (LabelSmoothing > 0 && !rows.Exists(row => row.UsesSmoothing))
            yield return new($"must be 0: none of the losses uses it. {DpoLosses.Names(row => row.UsesSmoothing)} do",
                [nameof(LabelSmoothing)]);
        if (LabelSmoothing == 0 && Loss.Contains(DpoLoss.ExoPair))
            yield return new("must be above 0 for exoPair, such as 0.001", [nameof(LabelSmoothing)]);
        if (FDivergence != FDivergence.ReverseKl && !rows.Exists(row => row.UsesDivergence))
            yield return new($"must be reverseKl: none of the losses uses it. {DpoLosses.Names(row => row.UsesDivergence)} do",
                [nameof(FDivergence)]);
    }
}

/// <summary>Options of DPO.</summary>
public sealed record DpoOptions : DpoLossOptions
{
    /// <summary>β: how strongly the policy is held to the reference; the implicit reward is β times the log-ratio.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>WPO: weights each pair by how likely the policy is to write its responses.</summary>
    public bool UseWeighting { get; init; }

    /// <summary>Whether log-ratios are those of a uniform reference, so that none is kept in memory.</summary>
    public bool ReferenceFree { get; init; }

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (UseWeighting && ComparesPairs)
            yield return new($"must be false with {DpoLosses.Names(row => row.ComparesPairs)}, whose terms are no pairs",
                [nameof(UseWeighting)]);
        if (UseWeighting && Loss.All(loss => DpoLosses.All[loss].IsTokenMean))
            yield return new("must be false: sft alone has no pairs to weight", [nameof(UseWeighting)]);
    }
}
