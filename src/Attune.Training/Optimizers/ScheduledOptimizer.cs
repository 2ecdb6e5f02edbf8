using Attune.Models.Layers;
using Attune.Training.Runs;

namespace Attune.Training.Optimizers;

/// <summary>An optimizer with a learning rate schedule and gradient clipping, as both training loops use it.</summary>
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

    readonly LearningRateSchedule schedule = Create(options.Schedule, totalSteps);

    public Optimizer Optimizer => optimizer;

    /// <inheritdoc cref="LearningRateSchedule.Notice"/>
    public string? Notice => schedule.Notice;

    /// <exception cref="InvalidDataException">The learning rate is 0 at every step.</exception>
    static LearningRateSchedule Create(ScheduleOptions options, int totalSteps) =>
        new LearningRateSchedule(options, totalSteps) is { IsZero: false } schedule
            ? schedule
            : throw new InvalidDataException(
                $"`optimizer.schedule` makes the learning rate 0 at every step of this run of {totalSteps}; choose another kind or decay.");

    /// <summary>
    /// Updates the parameters, unless the loss or a gradient is not finite: then the update is skipped, and the notice names the batch.
    /// </summary>
    /// <param name="step">Logs the learning rate, the norm of the gradient, and why the update was skipped.</param>
    /// <param name="loss">The loss of the gradients.</param>
    /// <param name="batch">Describes the examples of the batch.</param>
    /// <returns>Whether the parameters were updated.</returns>
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
