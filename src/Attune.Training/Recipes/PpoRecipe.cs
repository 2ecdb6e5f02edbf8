using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by PPO.</summary>
public sealed record PpoRecipe : ActorCriticRecipe
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
        Metrics = [CommonMetrics.TotalLoss],
    };

    public PpoRecipe()
    {
        Run = new() { Output = "runs/ppo" };
        Updates = new() { Epochs = 4 };
    }

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

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Ppo(Ppo, kl!, run.Random);

    public override IRecipe WithFullPaths() => (PpoRecipe)base.WithFullPaths() with
    {
        Mix = Mix with { Text = RecipePaths.Data(Mix.Text) },
    };

    protected override IAuxiliaryLoss? NewMix(LanguageModel model, Tokenizer tokenizer, TextEncoder encoder, Run run) =>
        Mix.Text.Length == 0 ? null : PretrainingMix.Read(Mix, model, tokenizer, encoder, run);
}
