using Attune.Models;
using Attune.Models.Backbones;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Training.Rewards;

/// <summary>A reward model, or several as one.</summary>
public sealed record ModelReward : RewardOptions
{
    public override string Kind => "model";

    /// <summary>A folder with a reward model.</summary>
    public string Model { get; init; } = "";

    /// <summary>In the place of model: a list of folders, whose heads are one ensemble.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>How several models or heads become one number: mean, minimum, or deviations: the mean less some deviations between them.</summary>
    public EnsembleCombination Combine { get; init; }

    /// <summary>For combine: deviations, how many are taken from the mean.</summary>
    public double Deviations { get; init; } = 1;

    EnsembleOptions Ensemble => new() { Combine = Combine, Deviations = Deviations };

    internal IReadOnlyList<string> Folders => Models.Count > 0 ? Models : [Model];

    public override IEnumerable<string> Problems()
    {
        if (Model.Length > 0 && Models.Count > 0)
            return [.. Ensemble.Problems(), "models: model or models was expected, found both"];
        return ModelFolder.PathProblems("model", Folders.FirstOrDefault(string.IsNullOrEmpty) ?? Folders[0]).Concat(Ensemble.Problems());
    }

    public override RewardOptions WithFullPaths() =>
        this with { Model = RecipePaths.Full(Model), Models = [.. Models.Select(RecipePaths.Full)] };

    public override IRewardSource Build(RewardContext context)
    {
        RewardModelSource[] sources = [.. Folders.Select(folder => Source(folder, context))];
        return sources.Length == 1 ? sources[0] : new RewardEnsemble(sources, Ensemble);
    }

    RewardModelSource Source(string folder, RewardContext context)
    {
        var policy = context.Policy;
        return new(ModelFolder.RewardModel(folder, policy.Model.Device, context.Dtype), ModelFolder.Tokenizer(folder), policy.Tokenizer)
        {
            Apart = policy.Model.Backbone.Kind == BackboneKind.EncoderDecoder,
            Workers = context.Workers,
            Ensemble = Ensemble,
        };
    }
}
