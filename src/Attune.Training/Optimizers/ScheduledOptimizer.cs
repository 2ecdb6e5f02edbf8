using Attune.Models.Layers;
using Attune.Training.Runs;

namespace Attune.Training.Optimizers;

/// <summary>An optimizer with its schedule and its limit on the gradient: what both loops do once gradients are there.</summary>
public sealed class ScheduledOptimizer(Optimizer optimizer, OptimizerOptions options, int totalSteps)
{
    /// <summary>An optimizer of these options over parameters.</summary>
    /// <param name="parameters">What it moves.</param>
    /// <param name="options">The rule, its schedule and the limit on the gradient.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    public ScheduledOptimizer(IEnumerable<(string Name, Parameter Value)> parameters, OptimizerOptions options, int totalSteps)
        : this(new Optimizer(options.ToRule(), parameters, options.WeightDecay), options, totalSteps)
    {
    }

    readonly LearningRateSchedule schedule = new(options.Schedule, totalSteps);

    public Optimizer Optimizer => optimizer;

    /// <summary>
    /// Moves the parameters along their gradients, unless the loss or a gradient is not finite: then the update is skipped, with the
    /// batch that caused it.
    /// </summary>
    /// <param name="step">Told the learning rate, the norm of the gradient, and why it was skipped if it was.</param>
    /// <param name="loss">The loss that the gradients are of.</param>
    /// <param name="batch">Names the examples of the step.</param>
    /// <returns>Whether the parameters moved.</returns>
    public bool Apply(TrainingStep step, double loss, Func<string> batch)
    {
        var norm = optimizer.GradientNorm();
        var rate = options.LearningRate * schedule.FactorAt(step.Index);
        step.Log("learning_rate", rate);
        step.Log("grad_norm", norm);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            step.Skip($"the {(double.IsFinite(loss) ? "gradient" : "loss")} is not a finite number. The batch: {batch()}");
            return false;
        }
        optimizer.Step(rate, Optimizer.ClipFactor(norm, options.MaxGradNorm));
        step.Update();
        return true;
    }
}
