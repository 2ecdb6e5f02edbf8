using System.ComponentModel.DataAnnotations;
using Attune.Generation;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Evaluation;
using Attune.Training.Health;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Rejection;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Recipes;

/// <summary>
/// Rejection-sampling fine-tuning and best-of-n distillation: a language model is fine-tuned on the best of its own responses.
/// </summary>
public sealed record RftRecipe : PolicyRecipe
{
    public RftRecipe()
    {
        Run = new() { Output = "runs/rft", CheckpointEvery = 1 };
        Optimizer = Optimizer with { LearningRate = 1e-5 };
    }

    /// <summary>
    /// Steps or epochs, and sizes of batches: a step is an improvement step, an epoch responds to each prompt once, and batchSize counts
    /// the responses of an update.
    /// </summary>
    public override BatchOptions Training { get; init; } = new();

    /// <summary>Sampling of a round, and the selection of its responses.</summary>
    public RftOptions Rft { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Health.Act is HealthAct.RaiseBeta or HealthAct.RollBack)
            yield return Validation.Broken(Health.Act, "must be none or stop: there is no KL penalty, and so no β to raise");
    }

    protected override void Train(Run run, PolicySetup setup, CancellationToken cancellation)
    {
        var (policy, trained, prompts, heldOut) = (setup.Policy, setup.Trained, setup.Prompts, setup.HeldOut);
        if (run.SelfTest)
            SelfTest.Run(policy, trained.Named, prompts, run.Seed, run.Notice);
        var reference = heldOut.Count > 0 ? NewReference(new(), run, setup) : null;
        var steps = TotalSteps(prompts.Count);
        var optimizer = new Optimizer(Optimizer.ToRule(), trained.Named, Optimizer.WeightDecay);
        var scoring = new ScorePipeline(Scores);
        run.Register("policy", new ModelState(trained.Named));
        run.Register("optimizer", optimizer);
        run.Register("scores", scoring.Moments);
        foreach (var (name, state) in setup.Rewards.States)
            run.Register(name, state);
        run.Watch(new(Health) { Advice = HealthRules.AdviceForSelected }, raise: null);
        run.EvaluationCost = heldOut.Count * (double)Rft.ImproveSteps / (Rft.PromptsOfRound(prompts.Count) * Rft.SamplesPerPrompt);
        var evaluation = new PolicyEvaluation(policy, reference, setup.Rewards, heldOut, run.Seed)
        {
            GoldReward = setup.Gold,
            Workers = policy.Generator is TextGenerator ? WorkerThreads.On(run.Device, Training.Workers) : WorkerThreads.Single,
        };
        var loop = new RftLoop(run, policy, setup.Rewards, Rft, new(optimizer, Optimizer, steps), Training) { Scoring = scoring };
        loop.Train(prompts, steps, evaluation.Evaluate, cancellation);
        run.Complete(folder =>
            trained.Save(folder, Model, policy.Tokenizer, whole => ModelFolder.Save(whole, policy.Model, policy.Tokenizer)));
    }

    /// <summary>Whole rounds that respond to each prompt as often as there are epochs, unless a number of steps is given.</summary>
    int TotalSteps(int prompts) => Training.Steps > 0
        ? Training.Steps
        : Rft.ImproveSteps * Math.Max(1, (int)Math.Ceiling(Training.Epochs * prompts / Rft.PromptsOfRound(prompts)));
}
