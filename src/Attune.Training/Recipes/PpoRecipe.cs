using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models;
using Attune.Models.Heads;
using Attune.Reporting.Reports;
using Attune.Text;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by PPO.</summary>
public sealed record PpoRecipe : OnPolicyRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("ppo")
    {
        NewRecipe = () => new PpoRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with PPO",
        Example =
            "attune ppo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "updates.epochs", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "PPO",
        ReportLead =
            "The policy sampled responses to prompts, and those that scored above the critic's estimate were made more likely, with a "
            + "penalty on the KL from the reference.",
        Metrics =
        [
            new("loss", "Total loss", "",
                "What the optimizer minimises: the policy loss, plus the value loss with its weight. It has no target level.")
            {
                Place = ChartPlace.Folded,
            },
        ],
    };

    public PpoRecipe()
    {
        Run = new() { Output = "runs/ppo" };
        Updates = new() { Epochs = 4 };
    }

    /// <summary>The critic, which estimates returns.</summary>
    public CriticOptions Critic { get; init; } = new();

    /// <summary>Language modelling on a text in the same updates (PPO-ptx).</summary>
    public PretrainingMixOptions Mix { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public PpoOptions Ppo { get; init; } = new();

    static readonly Dictionary<string, string> RenamedKeys = new(CommonFormerKeys, StringComparer.Ordinal)
    {
        ["ppo.samplesPerPrompt"] = "updates.samplesPerPrompt",
        ["ppo.epochs"] = "updates.epochs",
        ["ppo.miniBatches"] = "updates.miniBatches",
        ["ppo.klCoef"] = "kl.coef",
        ["ppo.klEstimator"] = "kl.estimator",
        ["ppo.klIn"] = "kl.in",
        ["ppo.klController"] = "kl.controller",
        ["ppo.klTarget"] = "kl.target",
        ["ppo.klHorizon"] = "kl.horizon",
        ["ppo.ema"] = "average.decay",
    };

    public override IReadOnlyDictionary<string, string> FormerKeys => RenamedKeys;

    protected override bool NeedsReference => true;                // KL is logged whatever it costs

    protected override int CriticWarmup => Critic.WarmupSteps;

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Ppo(Ppo, kl!);

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Critic.Kind == CriticKind.Model && Critic.Model.Length == 0 && FirstRewardModel.Length == 0)
            yield return Validation.Broken(Critic.Model, "must name a folder with a reward model where no reward is of kind model");
    }

    public override IRecipe WithFullPaths() => (PpoRecipe)base.WithFullPaths() with
    {
        Critic = Critic with { Model = ModelPath.Full(Critic.Model) },
        Mix = Mix with { Text = RecipePaths.Data(Mix.Text) },
    };

    protected override Critic NewCritic(LanguageModel model, Tokenizer tokenizer, Run run)
    {
        if (Critic.Kind != CriticKind.Head)
            model.RemoveHead(ValueHead.Name);
        else if (model.ValueHead is null)
            model.AddValueHead().Initialize(run.Random);
        var folder = Critic.Model.Length > 0 ? Critic.Model : FirstRewardModel;
        return Critic.Kind switch
        {
            CriticKind.Branch => new BranchCritic(model, Critic.Layers, run.Random),
            CriticKind.Model =>
                new ModelCritic(ModelFolder.LoadTrainableRewardModel(folder, run), ModelFolder.LoadTokenizer(folder), tokenizer, folder),
            _ => new HeadCritic(model.ValueHead!),
        };
    }

    protected override IAuxiliaryLoss? NewMix(LanguageModel model, Tokenizer tokenizer, TextEncoder encoder, Run run) =>
        Mix.Text.Length == 0 ? null : PretrainingMix.Read(Mix, model, tokenizer, encoder, run);

    string FirstRewardModel => AllRewards.OfType<ModelReward>().FirstOrDefault()?.Folders[0] ?? "";
}
