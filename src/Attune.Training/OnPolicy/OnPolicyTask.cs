using Attune.Data;
using Attune.Generation;
using Attune.Models.Layers;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Evaluation;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;
using Attune.Training.States;

namespace Attune.Training.OnPolicy;

/// <summary>
/// An <see cref="OnPolicyLoop"/> with its optimizer, order of prompts and evaluation. All states that change are registered with the run.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="policy">Samples responses, and is trained.</param>
/// <param name="trained">Which of its parameters are trained.</param>
/// <param name="rewards">Scores the responses.</param>
/// <param name="algorithm">Turns scores into advantages, and advantages into a loss.</param>
public sealed class OnPolicyTask(Run run, Policy policy, TrainedParameters trained, IRewardSource rewards, IOnPolicyAlgorithm algorithm)
{
    readonly MovingAverage? average;

    /// <summary>Steps or epochs, and sizes of batches; an example is a prompt.</summary>
    public required BatchOptions Training { get; init; }

    /// <summary>Responses and updates of a step.</summary>
    public required UpdateOptions Updates { get; init; }

    /// <summary>How responses that servers sampled are corrected for, and how old their weights may be.</summary>
    public RolloutOptions Rollout { get; init; } = new() { Correction = ImportanceCorrection.None };

    public required OptimizerOptions Optimizer { get; init; }

    /// <summary>How scores are transformed before they become rewards.</summary>
    public ScoreOptions Scores { get; init; } = new();

    /// <summary>What KL is measured from; null where it is neither penalised nor logged.</summary>
    public Reference? Reference { get; init; }

    /// <summary>The penalty on the KL from the reference; null without one.</summary>
    public KlPenalty? Kl { get; init; }

    /// <summary>A moving average of the weights, which is saved as the model.</summary>
    public AverageOptions Average
    {
        init => average = value.Decay > 0 ? new(trained.Named, value.Decay) : null;
    }

    /// <summary>Steps at the start in which only the critic is trained.</summary>
    public int CriticWarmup { get; init; }

    /// <summary>Language modelling on a text in the same updates (PPO-ptx); null for none.</summary>
    public IAuxiliaryLoss? Mix { get; init; }

    /// <summary>A second reward, which is only measured, on held-out prompts; null for none.</summary>
    public IRewardSource? Gold { get; init; }

    /// <summary>Trains to the last step.</summary>
    public void Train(IReadOnlyList<TokenPrompt> train, IReadOnlyList<TokenPrompt> heldOut, CancellationToken cancellation)
    {
        IReadOnlyList<(string Name, Parameter Value)> parameters = [.. trained.Named, .. policy.Critic?.Parameters ?? []];
        var own = policy.Generator is TextGenerator ? policy : policy.InThisProcess();
        if (run.SelfTest)
            Offline.SelfTest.Run(own, parameters, train, run.Seed, run.Notice);
        var steps = Training.TotalSteps(train.Count);
        var workers = WorkerThreads.On(run.Device, Training.Workers);
        var optimizer = new Optimizer(Optimizer.ToRule(), parameters, Optimizer.WeightDecay) { Workers = workers };
        var scoring = new ScorePipeline(Scores);
        Register(new ModelState(parameters), optimizer, scoring);
        var evaluation = new PolicyEvaluation(own, Reference, rewards, heldOut, run.Seed)
        {
            GoldReward = Gold,
            Teacher = algorithm.Teacher,
            Workers = Ranks.AreMany ? WorkerThreads.Single : workers,
        };
        var loop = new OnPolicyLoop(run, policy, rewards, algorithm, new(optimizer, Optimizer, steps), Training)
        {
            Reference = Reference,
            Kl = Kl,
            Scoring = scoring,
            Updates = Updates,
            Rollout = Rollout,
            Average = average,
            CriticWarmup = CriticWarmup,
            Mix = Mix,
        };
        run.EvaluationCost = heldOut.Count / (double)(Training.BatchSize * Updates.SamplesPerPrompt);
        loop.Train(train, new BatchOrder(train.Count, Training.BatchSize, run.Seed), steps, Evaluate, cancellation);

        EvaluationResult Evaluate()
        {
            using var averaged = average?.Use();
            return evaluation.Evaluate();
        }
    }

    /// <summary>Writes the trained model, or its average, with its tokenizer, and the critic.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="baseModel">The folder that the model was loaded from.</param>
    public void Save(string folder, string baseModel)
    {
        using var averaged = average?.Use();
        trained.Save(folder, baseModel, policy.Tokenizer, whole => ModelFolder.Save(whole, policy.Model, policy.Tokenizer));
        policy.Critic?.Save(folder);
    }

    void Register(ModelState model, Optimizer optimizer, ScorePipeline scoring)
    {
        run.Register("policy", model);
        run.Register("optimizer", optimizer);
        run.Register("scores", scoring.Moments);
        if (Reference is not null)
            run.Register("reference", Reference);
        if (Kl is not null)
            run.Register("kl", Kl);
        if (average is not null)
            run.Register("average", average);
        if (policy.Generator is IRunState servers)                  // after the policy: it writes the weights that were restored
            run.Register("rollout", servers);
        foreach (var (name, state) in rewards.States.Concat(algorithm.States))
            run.Register(name, state);
    }
}
