using System.ComponentModel.DataAnnotations;
using Attune.Models;
using Attune.Models.Heads;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model with a critic.</summary>
public abstract record ActorCriticRecipe : OnPolicyRecipe
{
    /// <summary>The critic, which estimates returns.</summary>
    public CriticOptions Critic { get; init; } = new();

    protected override bool NeedsReference => true;                // KL is logged even with kl.coef 0

    protected override int CriticWarmup => Critic.WarmupSteps;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Critic.Kind == CriticKind.Model && Critic.Model.Length == 0 && FirstRewardModel.Length == 0)
            yield return Validation.Broken(Critic.Model, "must name a folder with a reward model where no reward is of kind model");
    }

    public override IRecipe WithFullPaths() => (ActorCriticRecipe)base.WithFullPaths() with
    {
        Critic = Critic with { Model = ModelPath.Full(Critic.Model) },
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

    string FirstRewardModel => AllRewards.OfType<ModelReward>().FirstOrDefault()?.Folders[0] ?? "";
}
