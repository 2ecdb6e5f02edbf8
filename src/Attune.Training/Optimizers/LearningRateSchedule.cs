using System.ComponentModel.DataAnnotations;
using Attune.Text;

namespace Attune.Training.Optimizers;

/// <summary>Learning rate schedules, with the names and the formulas of <c>transformers.optimization</c>.</summary>
public enum ScheduleKind
{
    /// <summary>The same rate at every step.</summary>
    Constant,

    /// <summary>Linear warm-up, then constant.</summary>
    ConstantWithWarmup,

    /// <summary>Linear warm-up, then linear decay to 0.</summary>
    Linear,

    /// <summary>Linear warm-up, then cosine decay to minRatio.</summary>
    Cosine,

    /// <summary>Linear warm-up, then cosine decay with hard restarts, as many as cycles.</summary>
    CosineWithRestarts,

    /// <summary>A warm-up from warmupRatioStart that ends a step early, then cosine decay to minRatio.</summary>
    CosineWarmupWithMin,

    /// <summary>Linear warm-up, then polynomial decay to minRatio.</summary>
    Polynomial,

    /// <summary>Linear warm-up, then decay as 1/√step.</summary>
    InverseSqrt,

    /// <summary>Warm-up, constant, then decay over decaySteps to minRatio.</summary>
    WarmupStableDecay,
}

/// <summary>Curves of the warm-up and the decay of warmupStableDecay.</summary>
public enum RampKind
{
    /// <summary>Linear.</summary>
    Linear,

    /// <summary>Half a cosine wave.</summary>
    Cosine,

    /// <summary>1 − √x.</summary>
    OneMinusSqrt,
}

/// <summary>Options of the learning rate schedule.</summary>
public sealed record ScheduleOptions
{
    /// <summary>
    /// constant, constantWithWarmup, linear, cosine, cosineWithRestarts, cosineWarmupWithMin, polynomial, inverseSqrt or warmupStableDecay.
    /// </summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Linear;

    /// <summary>Steps of the warm-up to the full rate, fewer than those of the run; below 1, a share of all steps.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Warmup { get; init; }

    /// <summary>The last rate as a share of the full one (cosine, cosineWarmupWithMin, polynomial, warmupStableDecay).</summary>
    [Range(0d, 1d)]
    public double MinRatio { get; init; }

    /// <summary>Cosine waves; 0 for the default of transformers (half a wave for cosine, one for cosineWithRestarts).</summary>
    [Range(0, double.PositiveInfinity)]
    public double Cycles { get; init; }

    /// <summary>The exponent of polynomial.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Power { get; init; } = 1;

    /// <summary>Steps after the warm-up in which inverseSqrt falls to 1/√2; 0 for the steps of the warm-up, or 10000 without one.</summary>
    [Range(0, double.PositiveInfinity)]
    public double TimeScale { get; init; }

    /// <summary>Steps of the decay of warmupStableDecay.</summary>
    [Range(0, double.PositiveInfinity)]
    public int DecaySteps { get; init; }

    /// <summary>The warm-up of warmupStableDecay: linear, cosine or oneMinusSqrt.</summary>
    public RampKind WarmupRamp { get; init; }

    /// <summary>The decay of warmupStableDecay: linear, cosine or oneMinusSqrt.</summary>
    public RampKind DecayRamp { get; init; }

    /// <summary>Where the warm-up of cosineWarmupWithMin starts, as a share of the full rate; 0 for 1 / warm-up steps.</summary>
    [Range(0d, 1d)]
    public double WarmupRatioStart { get; init; }
}

/// <summary>
/// The learning rate of each step, as a share of the full one. Differences from transformers: 1. A warm-up of N steps rises from
/// 1 / (N + 1) and not from 0, so that the first batch changes the weights. 2. A warm-up is shorter than the run, so that the run reaches
/// the full rate.
/// </summary>
public sealed class LearningRateSchedule(ScheduleOptions options, int totalSteps)
{
    /// <summary>Whether warm-ups start at 0 and may be longer than the run, as those of transformers; for comparisons with it.</summary>
    internal bool IsAsInTransformers { get; init; }

    /// <summary>The steps of the warm-up.</summary>
    internal int Warmup => WarmupSteps(options.Warmup, totalSteps) is var steps && IsAsInTransformers
        ? steps
        : Math.Min(steps, Math.Max(0, totalSteps - 1));

    /// <summary>A notice about a warm-up in steps that is shortened, because the run has too few; null where it is not.</summary>
    public string? Notice => options.Kind == ScheduleKind.Constant || options.Warmup < 1
        || (WarmupSteps(options.Warmup, totalSteps) is var asked && asked <= Warmup)
        ? null
        : $"`optimizer.schedule.warmup` is {Quantity.Of(asked, "step")}, but the run has {Quantity.Of(totalSteps, "step")}: the warm-up is "
            + $"shortened to {Quantity.Of(Warmup, "step")}, so that the run reaches the full learning rate";

    /// <summary>Whether every step has a rate of 0, so that nothing is learned.</summary>
    internal bool IsZero => Enumerable.Range(0, totalSteps).All(step => FactorAt(step) == 0);

    /// <summary>Steps of the warm-up: the number itself, or the share of all steps rounded up.</summary>
    public static int WarmupSteps(double warmup, int totalSteps) => (int)Math.Ceiling(warmup < 1 ? warmup * totalSteps : warmup);

    /// <summary>The share of the full rate at a step counted from 0.</summary>
    public double FactorAt(int step) => options.Kind switch
    {
        ScheduleKind.Constant => 1,
        ScheduleKind.CosineWarmupWithMin => CosineWarmupWithMin(step),
        ScheduleKind.WarmupStableDecay => WarmupStableDecay(step),
        _ when step < Warmup => Risen(step),
        ScheduleKind.ConstantWithWarmup => 1,
        ScheduleKind.Linear => Math.Max(0, (totalSteps - step) / Math.Max(1.0, totalSteps - Warmup)),
        ScheduleKind.Cosine => AboveMinimum(Wave(Progress(step), Cycles(0.5))),
        ScheduleKind.CosineWithRestarts => Progress(step) >= 1 ? 0 : (1 + Math.Cos(Math.PI * (Cycles(1) * Progress(step) % 1))) / 2,
        ScheduleKind.Polynomial => step > totalSteps
            ? options.MinRatio
            : AboveMinimum(Math.Pow(1 - (step - Warmup) / (double)(totalSteps - Warmup), options.Power)),
        _ => InverseSqrt(step),
    };

    /// <summary>The factor of a step in the warm-up.</summary>
    double Risen(int step) => IsAsInTransformers ? step / Math.Max(1.0, Warmup) : (step + 1.0) / (Warmup + 1);

    double Progress(int step) => (step - Warmup) / Math.Max(1.0, totalSteps - Warmup);

    double Cycles(double usual) => options.Cycles > 0 ? options.Cycles : usual;

    static double Wave(double progress, double cycles) => Math.Max(0, (1 + Math.Cos(Math.PI * cycles * 2 * progress)) / 2);

    double AboveMinimum(double factor) => Math.Max(0, factor * (1 - options.MinRatio) + options.MinRatio);

    double CosineWarmupWithMin(int step)
    {
        if (step < Warmup)
            return options.WarmupRatioStart == 0
                ? (step + 1) / Math.Max(1.0, Warmup)
                : options.WarmupRatioStart + (1 - options.WarmupRatioStart) * step / Math.Max(1.0, Warmup - 1);
        return AboveMinimum(Wave((step - Warmup + 1) / Math.Max(1.0, totalSteps - Warmup), Cycles(0.5)));
    }

    double InverseSqrt(int step)
    {
        var scale = options.TimeScale > 0 ? options.TimeScale : Warmup > 0 ? Warmup : 10_000;
        return 1 / Math.Sqrt((step + scale - Warmup) / scale);
    }

    double WarmupStableDecay(int step)
    {
        var stable = totalSteps - Warmup - options.DecaySteps;
        if (step < Warmup)
            return AboveMinimum(Rise(Risen(step)));
        if (step < Warmup + stable)
            return 1;
        return step < totalSteps ? AboveMinimum(Fall((step - Warmup - stable) / Math.Max(1.0, options.DecaySteps))) : options.MinRatio;
    }

    double Rise(double progress) => options.WarmupRamp switch
    {
        RampKind.Linear => progress,
        RampKind.Cosine => (1 - Math.Cos(Math.PI * progress)) / 2,
        _ => 1 - Math.Sqrt(1 - progress),
    };

    double Fall(double progress) => options.DecayRamp switch
    {
        RampKind.Linear => 1 - progress,
        RampKind.Cosine => Wave(progress, Cycles(0.5)),
        _ => 1 - Math.Sqrt(progress),
    };
}
