using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by NLPO: PPO without the tokens that an earlier copy of the policy finds unlikely.</summary>
public sealed record NlpoRecipe : ActorCriticRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("nlpo")
    {
        NewRecipe = () => new NlpoRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with NLPO, PPO with a mask of unlikely tokens",
        Example =
            "attune nlpo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "nlpo.topMask", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "NLPO",
        ReportLead =
            "The policy sampled responses from tokens that an earlier copy of it finds likely, and those that scored above the critic's "
            + "estimate were made more likely, with a penalty on the KL from the reference.",
        Metrics = [CommonMetrics.TotalLoss],
    };

    public NlpoRecipe()
    {
        Run = new() { Output = "runs/nlpo" };
        Updates = new() { Epochs = 4 };
    }

    /// <summary>The algorithm under the mask.</summary>
    public PpoOptions Ppo { get; init; } = new();

    /// <summary>The mask.</summary>
    public NlpoOptions Nlpo { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Kl.Estimator == KlEstimator.Full)
            yield return Validation.Broken(Kl.Estimator, "must be k1, abs, k2 or k3: the mask leaves tokens out of the distribution");
        if (Rollout.UsesServers)
            yield return new("must be local: servers do not have the mask", [$"{nameof(Rollout)}.{nameof(Rollout.Engine)}"]);
    }

    protected override IReadOnlyList<ILogitsFilter> NewFilters(LanguageModel model, Tokenizer tokenizer) =>
        [new MaskPolicyFilter(Nlpo.Likely, ModelFolder.EosIds(model, tokenizer), tokenizer.FillId, Sampling.MaxNewTokens)];

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run)
    {
        var mask = new Reference(
            new() { Kind = ReferenceKind.Synchronised, SyncEvery = Nlpo.TargetUpdateIterations, SyncRate = 1 }, policy, trained,
            () => policy);
        using var lease = mask.Use();
        policy.Filters.OfType<MaskPolicyFilter>().Single().Model = lease.Policy.Model;
        return new Algorithms.Nlpo(new Ppo(Ppo, kl!, run.Random), mask);
    }
}
