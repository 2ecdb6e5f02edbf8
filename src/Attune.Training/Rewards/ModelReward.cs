using Attune.Models;
using Attune.Training.Recipes;

namespace Attune.Training.Rewards;

/// <summary>A reward model.</summary>
public sealed record ModelReward : RewardOptions
{
    public override string Kind => "model";

    /// <summary>A folder with a reward model.</summary>
    public string Model { get; init; } = "";

    public override IEnumerable<string> Problems() => ModelFolder.PathProblems("model", Model);

    public override RewardOptions WithFullPaths() => this with { Model = RecipePaths.Full(Model) };

    public override IRewardSource Build(RewardContext context)
    {
        var policy = context.Policy;
        return new RewardModelSource(ModelFolder.RewardModel(Model, policy.Model.Device, context.Dtype), ModelFolder.Tokenizer(Model), policy.Tokenizer)
        {
            Apart = policy.Model.Backbone.Kind == BackboneKind.EncoderDecoder,
            Workers = context.Workers,
        };
    }
}
