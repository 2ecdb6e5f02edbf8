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
public sealed record OptimizerOptions
{
    /// <summary>adamW, adam, sgd, rmsProp or adafactor.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.AdamW;

    /// <summary>The greatest learning rate, reached after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>How the rate changes over the run; see schedule.kind.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Shrinks weight matrices by learningRate × this at each step.</summary>
    public double WeightDecay { get; init; }

    /// <summary>How slowly the mean of the gradients moves (Adam).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How slowly the mean of their squares moves (Adam; RMSprop's alpha).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Keeps divisions finite.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Momentum of sgd and rmsProp.</summary>
    public double Momentum { get; init; }

    /// <summary>The longest gradient, all parameters together; longer ones are shortened. 0 for no limit.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>What is wrong with the values, each with its key.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[]
        {
            ("learningRate", LearningRate), ("weightDecay", WeightDecay), ("maxGradNorm", MaxGradNorm), ("schedule.warmup", Schedule.Warmup),
            ("schedule.cycles", Schedule.Cycles), ("schedule.decaySteps", Schedule.DecaySteps), ("schedule.timeScale", Schedule.TimeScale),
        })
            if (value < 0)
                yield return $"{key}: a number of at least 0 was expected, found {value}";
        foreach (var (key, value) in new[] { ("beta1", Beta1), ("beta2", Beta2), ("momentum", Momentum) })
            if (value is < 0 or >= 1)
                yield return $"{key}: a number from 0 to below 1 was expected, found {value}";
        if (Epsilon <= 0)
            yield return $"epsilon: a number above 0 was expected, found {Epsilon}";
        if (Schedule.MinRatio is < 0 or > 1)
            yield return $"schedule.minRatio: a share from 0 to 1 was expected, found {Schedule.MinRatio}";
        if (WeightDecay * LearningRate >= 1)
            yield return $"weightDecay: less than 1 / learningRate was expected, found {WeightDecay}";
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
