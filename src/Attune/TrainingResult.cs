using Attune.Reporting.Runs;

namespace Attune;

/// <summary>A finished training run. Dispose of it to free the model, if it was used.</summary>
public sealed class TrainingResult : IDisposable
{
    readonly Lazy<ChatModel> model;
    readonly Lazy<ScoreModel> rewardModel;

    internal TrainingResult(RunFolder run, bool makesRewardModel, string device)
    {
        Run = run;
        Metrics = RunRecord.Read(run).Metrics.ToDictionary(metric => metric.Name, metric => metric.Points[^1].Y, StringComparer.Ordinal);
        model = new(() => !makesRewardModel ? ChatModel.Load(run.Model, device)
            : throw new InvalidOperationException("this run trained a reward model: use RewardModel"));
        rewardModel = new(() => makesRewardModel ? ScoreModel.Load(run.Model, device)
            : throw new InvalidOperationException("this run trained a language model: use Model"));
    }

    /// <summary>The run folder: metrics, checkpoints, the model, the report.</summary>
    public RunFolder Run { get; }

    /// <summary>The last value of every metric.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; }

    /// <summary>The language model that was trained.</summary>
    /// <exception cref="InvalidOperationException">The run trained a reward model.</exception>
    public ChatModel Model => model.Value;

    /// <summary>The reward model that was trained.</summary>
    /// <exception cref="InvalidOperationException">The run trained a language model.</exception>
    public ScoreModel RewardModel => rewardModel.Value;

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        if (model.IsValueCreated)
            model.Value.Dispose();
    }
}
