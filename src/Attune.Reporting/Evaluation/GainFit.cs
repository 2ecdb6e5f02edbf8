using Attune.Reporting.Charts;
using MathNet.Numerics;

namespace Attune.Reporting.Evaluation;

/// <summary>The functional form of a reward's gain against d = √KL.</summary>
public enum GainLaw
{
    /// <summary>R(d) = d (a − b d): best of n.</summary>
    BestOfN,

    /// <summary>R(d) = d (a − b log d): reinforcement learning.</summary>
    Training,
}

/// <summary>
/// A fit of the scaling law of over-optimisation of Gao et al. 2022, https://arxiv.org/abs/2210.10760: the gain R of a reward over the
/// initial policy, at a distance d = √KL from it.
/// </summary>
/// <param name="Law">The functional form.</param>
/// <param name="A">a, the initial gain per unit of d.</param>
/// <param name="B">b, how fast the gain decreases.</param>
/// <param name="RSquared">The coefficient of determination R²; NaN where all gains are equal.</param>
/// <param name="Furthest">The largest measured d.</param>
public sealed record GainFit(GainLaw Law, double A, double B, double RSquared, double Furthest)
{
    const int MinPoints = 3;
    const double EqualDistanceFactor = 1.0001;

    /// <summary>The point of the highest gain, at d = a/(2b) or exp(a/b − 1); null where the gain has no maximum, b ≤ 0.</summary>
    public Point? Peak
    {
        get
        {
            var d = Law == GainLaw.BestOfN ? A / (2 * B) : Math.Exp(A / B - 1);
            return B > 0 && d > 0 && double.IsFinite(d) ? new(d, At(d)) : null;
        }
    }

    /// <summary>Whether the peak is beyond the largest measured d, where it is an extrapolation.</summary>
    public bool PeakIsBeyond => Peak is { X: var d } && d > Furthest;

    /// <summary>The result of the fit as a text.</summary>
    public string Summary => Peak is not { } peak
        ? $"no peak: the reward {(At(Furthest) > 0 ? "rises" : "falls")} up to the largest measured √KL, {NumberFormat.Number(Furthest)} "
            + $"(R² = {NumberFormat.Number(RSquared)})"
        : $"peak at √KL {NumberFormat.Number(peak.X)}, a KL of {NumberFormat.Number(peak.X * peak.X)} nats, "
            + $"with a gain of {NumberFormat.Number(peak.Y)} (R² = {NumberFormat.Number(RSquared)})"
            + (PeakIsBeyond ? $"; this is an extrapolation beyond the largest measured √KL, {NumberFormat.Number(Furthest)}" : "");

    /// <summary>The formula with its coefficients.</summary>
    public string Formula =>
        $"R = d ({NumberFormat.Number(A)} {(B < 0 ? "+" : "−")} {NumberFormat.Number(Math.Abs(B))} "
            + $"{(Law == GainLaw.BestOfN ? "d" : "log d")}), d = √KL";

    /// <summary>The gain at a distance d.</summary>
    public double At(double d) => A * d - B * Second(Law, d);

    /// <summary>Fits by least squares, which is linear in a and b.</summary>
    /// <param name="law">The functional form.</param>
    /// <param name="gains">Distances and gains; points at a distance of 0 are not used.</param>
    /// <returns>Null for fewer than three points with d > 0, or when all have the same distance.</returns>
    public static GainFit? Fit(GainLaw law, IEnumerable<Point> gains)
    {
        Point[] points = [.. gains.Where(point => point.X > 0 && double.IsFinite(point.Y))];
        if (points.Length < MinPoints)
            return null;
        double[] d = [.. points.Select(point => point.X)];
        double[] gain = [.. points.Select(point => point.Y)];
        if (d.Max() <= EqualDistanceFactor * d.Min())
            return null;
        var coefficients = MathNet.Numerics.Fit.LinearCombination(d, gain, x => x, x => -Second(law, x));
        var fit = new GainFit(law, coefficients[0], coefficients[1], 0, d.Max());
        return fit with { RSquared = GoodnessOfFit.CoefficientOfDetermination(d.Select(fit.At), gain) };
    }

    static double Second(GainLaw law, double d) => law == GainLaw.BestOfN ? d * d : d > 0 ? d * Math.Log(d) : 0;
}
