using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Optimizers;

/// <summary>The optimizers.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Adam with weight decay added to the gradient.</summary>
    Adam,

    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,

    /// <summary>RMSprop.</summary>
    RmsProp,

    /// <summary>Adafactor, which needs little memory.</summary>
    Adafactor,
}

/// <summary>Options of the optimizer.</summary>
public sealed record OptimizerOptions : IValidatableObject
{
    /// <summary>adamW, adam, sgd, rmsProp or adafactor.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.AdamW;

    /// <summary>The full learning rate, reached after the warm-up.</summary>
    [Range(0, double.PositiveInfinity)]
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>How the rate changes over the run; see schedule.kind.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Weight decay of matrices, by learningRate × this at each step; biases and norms do not decay.</summary>
    [Range(0, double.PositiveInfinity)]
    public double WeightDecay { get; init; }

    /// <summary>The decay of the first moment (Adam).</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay of the second moment (Adam; RMSprop's alpha).</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε, added to the denominator of an update.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Momentum of sgd and rmsProp.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Momentum { get; init; }

    /// <summary>The largest norm of the gradient, over all parameters together; larger ones are clipped. 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MaxGradNorm { get; init; } = 1;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (WeightDecay * LearningRate >= 1)
            yield return new("must be below 1 / learningRate, so that a step does not change the sign of weights", [nameof(WeightDecay)]);
    }

    /// <summary>The update rule of these options.</summary>
    public IUpdateRule ToRule() => Kind switch
    {
        OptimizerKind.AdamW => new Adam(Beta1, Beta2, Epsilon, decoupledDecay: true),
        OptimizerKind.Adam => new Adam(Beta1, Beta2, Epsilon, decoupledDecay: false),
        OptimizerKind.Sgd => new Sgd(Momentum, nesterov: false),
        OptimizerKind.RmsProp => new RmsProp(Beta2, Epsilon, Momentum),
        _ => new Adafactor(new()),
    };
}
