using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Reports;
using Attune.Torch;
using Attune.Torch.Distributed;
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
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("rft")
    {
        NewRecipe = () => new RftRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Fine-tune on the best of the model's own responses (RFT, best-of-n distillation)",
        Example =
            "attune rft model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl rft.promptsPerRound=64",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "rft.selection", "rft.samplesPerPrompt", "rft.promptsPerRound",
            "rft.improveSteps", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "Rejection-sampling fine-tuning",
        ReportLead =
            "In each round the policy sampled several responses to each prompt, and was fine-tuned on those with the highest rewards.",
        Metrics =
        [
            new("objective/scores", "Score", "points",
                "The mean score of all responses that a round sampled. Healthy: it rises from round to round and then levels off."),
            new("rft/selected_scores", "Score of selected responses", "points",
                "The mean score of the responses that are trained on. Healthy: above the mean of all responses; without a difference, "
                    + "nothing better is learned.")
            {
                DrawnWith = "objective/scores", Series = "selected",
            },
            new("loss", "Loss", "nats a token",
                "The cross-entropy of selected responses. Healthy: it falls within a round. Near 0 the policy gives the same responses "
                    + "again and again."),
            new("rft/selected", "Selected responses", "responses",
                "Distinct responses that an improvement step trains on. Healthy: it falls within a round, as the threshold rises.")
            {
                Place = ChartPlace.Folded,
            },
            new("rft/selected_share", "Share of selected responses", "%",
                "Selected responses, as a share of those that were sampled. Healthy: below 1 − the quantile, since duplicates are "
                    + "dropped; far below it, the responses are alike.")
            {
                Place = ChartPlace.Folded,
            },
            new("rft/prompts", "Prompts with a selected response", "%",
                "The share of prompts from which a response is trained on. Healthy: near 100 %; where rewards are 0 or 1, the share of "
                    + "prompts that the policy solves.")
            {
                Place = ChartPlace.Folded,
            },
            new("rft/threshold", "Threshold", "points",
                "The mean over prompts of the lowest reward that is selected. Healthy: it rises within a round and over the rounds.")
            {
                Place = ChartPlace.Folded,
            },
            new("rft/round", "Round", "", "The number of the round.") { Place = ChartPlace.None },
        ],
    };

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

    protected override int ScoredTogether => Rft.SamplesPerPrompt;

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
        var workers = WorkerThreads.On(run.Device, Training.Workers);
        var optimizer = new Optimizer(Optimizer.ToRule(), trained.Named, Optimizer.WeightDecay) { Workers = workers };
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
            Workers = policy.Generator is TextGenerator && !Ranks.AreMany ? workers : WorkerThreads.Single,
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
