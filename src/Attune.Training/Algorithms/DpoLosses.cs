using System.Text.Json;
using Attune.Torch;

namespace Attune.Training.Algorithms;

/// <summary>What the losses of DPO are computed from, for P pairs.</summary>
/// <param name="Policy">Log-probabilities under the policy.</param>
/// <param name="Reference">Log-probabilities under the reference.</param>
/// <param name="ChosenNll">(P) the negative log-likelihood of the chosen response, a sum over its tokens.</param>
/// <param name="Options">ε and the options of the losses.</param>
/// <param name="Beta">β</param>
public sealed record DpoTerms(PairLogprobs Policy, PairLogprobs Reference, Tensor ChosenNll, DpoLossOptions Options, double Beta)
{
    /// <summary>
    /// The terms of all pairs of the step, without gradients, and the index of the first of these P among them; null where these are all
    /// pairs.
    /// </summary>
    public (DpoTerms Terms, int First)? Step { get; init; }

    public double Smoothing => Options.LabelSmoothing;

    /// <summary>(P): log π(y|x) − log π_ref(y|x) of the chosen responses.</summary>
    public Tensor ChosenLogRatio => Policy.Chosen - Reference.Chosen;

    /// <summary>(P)</summary>
    public Tensor RejectedLogRatio => Policy.Rejected - Reference.Rejected;

    /// <summary>(P): f'(π/π_ref) of the f-divergence, without its constants; the log-ratio for reverse KL.</summary>
    public Tensor ChosenScore => Score(ChosenLogRatio);

    /// <summary>(P)</summary>
    public Tensor RejectedScore => Score(RejectedLogRatio);

    /// <summary>(P)</summary>
    public Tensor Difference => ChosenScore - RejectedScore;

    /// <summary>(P): the difference of scores divided by lengths.</summary>
    public Tensor MeanDifference => ChosenScore / Policy.ChosenLengths - RejectedScore / Policy.RejectedLengths;

    /// <summary>The pairs with chosen and rejected exchanged.</summary>
    public DpoTerms Reversed => this with { Policy = Policy.Reversed, Reference = Reference.Reversed };

    Tensor Score(Tensor logRatio) => Options.FDivergence switch
    {
        FDivergence.ForwardKl => -(-logRatio).Exp(),
        FDivergence.JsDivergence => logRatio.LogSigmoid(),
        FDivergence.AlphaDivergence when Options.AlphaDivergenceCoef - 1 is var c && Math.Abs(c) >= 1e-6 => Power(logRatio, c),
        _ => logRatio,
    };

    /// <summary>(π/π_ref)^c / c, where the exponent is at most 80 so that float32 holds the result.</summary>
    static Tensor Power(Tensor logRatio, double c) => (logRatio * c).Clamp(null, 80).Exp() / c;
}

/// <summary>A loss of DPO.</summary>
/// <param name="Name">The loss.</param>
/// <param name="Compute">The loss (P) of each pair.</param>
public sealed record DpoLossRow(DpoLoss Name, Func<DpoTerms, Tensor> Compute)
{
    /// <summary>Whether <see cref="DpoLossOptions.FDivergence"/> changes it.</summary>
    public bool UsesDivergence { get; init; }

    /// <summary>Whether <see cref="DpoLossOptions.LabelSmoothing"/> changes it.</summary>
    public bool UsesSmoothing { get; init; }

    /// <summary>Whether it compares the pairs of a batch with each other, so that the batch is not split into micro-batches.</summary>
    public bool ComparesPairs { get; init; }

    /// <summary>Whether the loss is the sum over pairs divided by the tokens of the chosen responses, not by the pairs.</summary>
    public bool IsTokenMean { get; init; }
}

/// <summary>The losses of DPO, each a pure function.</summary>
public static class DpoLosses
{
    public static IReadOnlyDictionary<DpoLoss, DpoLossRow> All { get; } = new DpoLossRow[]
    {
        new(DpoLoss.Sigmoid, x => PairLosses.Sigmoid(x.Difference * x.Beta, x.Smoothing)) { UsesDivergence = true, UsesSmoothing = true },
        new(DpoLoss.Hinge, x => PairLosses.Hinge(x.Difference * x.Beta)) { UsesDivergence = true },
        new(DpoLoss.Ipo, x => PairLosses.Ipo(x.MeanDifference, x.Beta)) { UsesDivergence = true },
        new(DpoLoss.IpoSum, x => PairLosses.Ipo(x.Difference, x.Beta)) { UsesDivergence = true },
        new(DpoLoss.ExoPair, x => Exo(x.Difference * x.Beta, x.Smoothing)) { UsesDivergence = true, UsesSmoothing = true },
        new(DpoLoss.NcaPair, x => Nca(x.ChosenScore * x.Beta, x.RejectedScore * x.Beta)) { UsesDivergence = true },
        new(DpoLoss.Robust, x => Robust(x.Difference * x.Beta, x.Smoothing)) { UsesDivergence = true, UsesSmoothing = true },
        new(DpoLoss.BcoPair, x => -(x.ChosenScore * x.Beta).LogSigmoid() - (x.RejectedScore * -x.Beta).LogSigmoid())
            { UsesDivergence = true },
        new(DpoLoss.SppoHard, x => PairLosses.Ipo(x.ChosenScore, x.Beta) + PairLosses.Ipo(-x.RejectedScore, x.Beta))
            { UsesDivergence = true },
        new(DpoLoss.Aot, x => OfSorted(x, y => y.Policy.Chosen - y.Policy.Rejected, y => y.Reference.Chosen - y.Reference.Rejected))
            { UsesSmoothing = true, ComparesPairs = true },
        new(DpoLoss.AotUnpaired, x => OfSorted(x, y => y.ChosenLogRatio, y => y.RejectedLogRatio))
            { UsesSmoothing = true, ComparesPairs = true },
        new(DpoLoss.ApoZero, x => 1 - (x.ChosenLogRatio * x.Beta).Sigmoid() + (x.RejectedLogRatio * x.Beta).Sigmoid()),
        new(DpoLoss.ApoDown, x => (x.ChosenLogRatio * x.Beta).Sigmoid() + 1 - (x.Difference * x.Beta).Sigmoid()) { UsesDivergence = true },
        new(DpoLoss.Discopop, x => Discopop(x.Difference * x.Beta, x.Options.DiscopopTau)) { UsesDivergence = true },
        new(DpoLoss.Sft, x => x.ChosenNll) { IsTokenMean = true },
        new(DpoLoss.SigmoidNorm, x => PairLosses.Sigmoid(x.MeanDifference * x.Beta)) { UsesDivergence = true },
    }.ToDictionary(row => row.Name);

    /// <summary>The names of some losses: "ipo, aot and sft".</summary>
    internal static string Names(Predicate<DpoLossRow> which)
    {
        var names = All.Values.Where(row => which(row)).Select(row => NameOf(row.Name)).ToList();
        return $"{string.Join(", ", names[..^1])} and {names[^1]}";
    }

    /// <summary>The name of a loss as recipes and metrics have it.</summary>
    internal static string NameOf(DpoLoss loss) => JsonNamingPolicy.CamelCase.ConvertName(loss.ToString());

    /// <summary>KL of (σ(x), σ(−x)) from (1 − ε, ε)</summary>
    static Tensor Exo(Tensor x, double smoothing) =>
        x.Sigmoid() * (x.LogSigmoid() - Math.Log(1 - smoothing)) + (-x).Sigmoid() * ((-x).LogSigmoid() - Math.Log(smoothing));

    static Tensor Nca(Tensor chosen, Tensor rejected) =>
        -chosen.LogSigmoid() - (-chosen).LogSigmoid() * 0.5 - (-rejected).LogSigmoid() * 0.5;

    /// <summary>The sigmoid loss without the bias that a share ε of exchanged labels gives it.</summary>
    static Tensor Robust(Tensor x, double smoothing) =>
        ((-x).LogSigmoid() * smoothing - x.LogSigmoid() * (1 - smoothing)) / (1 - 2 * smoothing);

    /// <summary>(1 − m) (−log σ(x)) + m e^−x, with m = σ(x/τ)</summary>
    static Tensor Discopop(Tensor x, double tau)
    {
        var m = (x / tau).Sigmoid();
        return (1 - m) * -x.LogSigmoid() + m * (-x).Exp();
    }

    /// <summary>
    /// The sigmoid loss of sort(u) − sort(v). Of the step's N pairs, P may be here: each then has the terms of its u and of its v, in which
    /// the other number is a constant. A term is so counted twice, once with the gradient of u and once with that of v, and half of its
    /// value is subtracted from each.
    /// </summary>
    static Tensor OfSorted(DpoTerms x, Func<DpoTerms, Tensor> u, Func<DpoTerms, Tensor> v)
    {
        var (ownU, ownV) = (u(x), v(x));                                                            // (P)
        if (x.Step is not { } step)
            return Loss(Sorted(ownU) - Sorted(ownV));
        var (allU, allV) = (u(step.Terms), v(step.Terms));                                          // (N)
        var twice = Loss(ownU - Partners(allU, allV)) + Loss(Partners(allV, allU) - ownV);
        return twice - twice.Detach() / 2;

        Tensor Loss(Tensor difference) => PairLosses.Sigmoid(difference * x.Beta, x.Smoothing);

        Tensor Partners(Tensor own, Tensor other) =>
            Sorted(other).IndexSelect(0, Positions(own).Slice(0, step.First, step.First + ownU.Size(0)));
    }

    static Tensor Sorted(Tensor x) => x.Sort(0).Values;

    /// <summary>The index of each number in the sorted list.</summary>
    static Tensor Positions(Tensor x) => x.Sort(0).Indices.Sort(0).Indices;
}
