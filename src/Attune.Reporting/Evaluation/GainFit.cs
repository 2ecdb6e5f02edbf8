using Attune.Reporting.Charts;
using MathNet.Numerics;

namespace Attune.Reporting.Evaluation;

/// <summary>How a reward gains over distance from the start.</summary>
public enum GainLaw
{
    /// <summary>R(d) = d (a − b d): best of n.</summary>
    BestOfN,

    /// <summary>R(d) = d (a − b log d): reinforcement learning.</summary>
    Training,
}

/// <summary>
/// The law of over-optimisation of Gao et al. 2022, https://arxiv.org/abs/2210.10760, fitted to what was measured: the gain R of a
/// reward over the start, at a distance d = √KL from it.
/// </summary>
/// <param name="Law">Which.</param>
/// <param name="A">Gain at the beginning, in points for a unit of d.</param>
/// <param name="B">What takes it away again.</param>
/// <param name="RSquared">1 − the squared error over that of the mean; NaN where all gains are equal.</param>
/// <param name="Furthest">The greatest d that was measured.</param>
public sealed record GainFit(GainLaw Law, double A, double B, double RSquared, double Furthest)
{
    const int Fewest = 3;
    const double SameDistance = 1.0001;

    /// <summary>Where the gain is greatest: a/(2b), or exp(a/b − 1); null where it grows without end, b ≤ 0.</summary>
    public Point? Peak
    {
        get
        {
            var d = Law == GainLaw.BestOfN ? A / (2 * B) : Math.Exp(A / B - 1);
            return B > 0 && d > 0 && double.IsFinite(d) ? new(d, At(d)) : null;
        }
    }

    /// <summary>Whether the peak lies past what was measured, where a law fitted to the near end is a guess.</summary>
    public bool PeakIsBeyond => Peak is { X: var d } && d > Furthest;

    /// <summary>What was found, in words.</summary>
    public string Summary => Peak is not { } peak
        ? $"no peak, the reward {(At(Furthest) > 0 ? "grows" : "falls")} as far as was measured, √KL {NumberFormat.Number(Furthest)} (R² = {NumberFormat.Number(RSquared)})"
        : $"peak at √KL {NumberFormat.Number(peak.X)}, a KL of {NumberFormat.Number(peak.X * peak.X)} nats, with a gain of {NumberFormat.Number(peak.Y)} (R² = {NumberFormat.Number(RSquared)})"
            + (PeakIsBeyond ? $"; that is past what was measured, √KL {NumberFormat.Number(Furthest)}: a guess" : "");

    /// <summary>The law with its figures.</summary>
    public string Formula => $"R = d ({NumberFormat.Number(A)} {(B < 0 ? "+" : "−")} {NumberFormat.Number(Math.Abs(B))} {(Law == GainLaw.BestOfN ? "d" : "log d")}), d = √KL";

    /// <summary>The gain at a distance.</summary>
    public double At(double d) => A * d - B * Second(Law, d);

    /// <summary>Fits by least squares, which is linear in a and b.</summary>
    /// <param name="law">The form.</param>
    /// <param name="gains">Distance and gain; points at a distance of 0 tell nothing.</param>
    /// <returns>Null for fewer than three points away from the start, or when they all have one distance.</returns>
    public static GainFit? Fit(GainLaw law, IEnumerable<Point> gains)
    {
        Point[] points = [.. gains.Where(point => point.X > 0 && double.IsFinite(point.Y))];
        if (points.Length < Fewest)
            return null;
        double[] d = [.. points.Select(point => point.X)];
        double[] gain = [.. points.Select(point => point.Y)];
        if (d.Max() <= SameDistance * d.Min())
            return null;
        var found = MathNet.Numerics.Fit.LinearCombination(d, gain, x => x, x => -Second(law, x));
        var fit = new GainFit(law, found[0], found[1], 0, d.Max());
        return fit with { RSquared = GoodnessOfFit.CoefficientOfDetermination(d.Select(fit.At), gain) };
    }

    static double Second(GainLaw law, double d) => law == GainLaw.BestOfN ? d * d : d > 0 ? d * Math.Log(d) : 0;
}
