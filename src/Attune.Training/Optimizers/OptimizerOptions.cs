using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Optimizers;

/// <summary>The rules an optimizer can follow.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with weight decay apart from the gradient.</summary>
    AdamW,

    /// <summary>Adam with weight decay as part of the gradient.</summary>
    Adam,

    /// <summary>Gradient descent with momentum.</summary>
    Sgd,

    /// <summary>RMSprop.</summary>
    RmsProp,

    /// <summary>Adafactor, for little memory.</summary>
    Adafactor,
}

/// <summary>How parameters move.</summary>
public sealed record OptimizerOptions : IValidatableObject
{
    /// <summary>adamW, adam, sgd, rmsProp or adafactor.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.AdamW;

    /// <summary>The greatest learning rate, reached after the warm-up.</summary>
    [Range(0, double.PositiveInfinity)]
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>How the rate changes over the run; see schedule.kind.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Shrinks weight matrices by learningRate × this at each step.</summary>
    [Range(0, double.PositiveInfinity)]
    public double WeightDecay { get; init; }

    /// <summary>How slowly the mean of the gradients moves (Adam).</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How slowly the mean of their squares moves (Adam; RMSprop's alpha).</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Keeps divisions finite.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Momentum of sgd and rmsProp.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Momentum { get; init; }

    /// <summary>The longest gradient, all parameters together; longer ones are shortened. 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MaxGradNorm { get; init; } = 1;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (WeightDecay * LearningRate >= 1)
            yield return new("must be below 1 / learningRate, so that a step does not change the sign of weights", [nameof(WeightDecay)]);
    }

    /// <summary>The rule these options describe.</summary>
    public IUpdateRule ToRule() => Kind switch
    {
        OptimizerKind.AdamW => new Adam(Beta1, Beta2, Epsilon, decoupledDecay: true),
        OptimizerKind.Adam => new Adam(Beta1, Beta2, Epsilon, decoupledDecay: false),
        OptimizerKind.Sgd => new Sgd(Momentum, nesterov: false),
        OptimizerKind.RmsProp => new RmsProp(Beta2, Epsilon, Momentum),
        _ => new Adafactor(new()),
    };
}
