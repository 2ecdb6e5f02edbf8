using System.ComponentModel.DataAnnotations;
using Attune.Models.Backbones;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Training.Rewards;

/// <summary>The score of a reward model, of a process reward model, or of an ensemble of several reward models.</summary>
public sealed record ModelReward : RewardOptions, IValidatableObject
{
    public override string Kind => "model";

    /// <summary>A folder with a reward model.</summary>
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>Instead of model: a list of folders with reward models, whose heads are one ensemble.</summary>
    [ExistingPath(IsModel = true)]
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>
    /// How the scores of several models or heads become one: mean, minimum, or deviations (the mean minus some standard deviations between
    /// them).
    /// </summary>
    public EnsembleCombination Combine { get; init; }

    /// <summary>For combine: deviations, how many standard deviations are subtracted from the mean.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Deviations { get; init; } = 1;

    /// <summary>
    /// For a process reward model, how the probabilities of steps become the score of a response: min, product or last; null for min.
    /// </summary>
    public StepScore? Steps { get; init; }

    /// <summary>
    /// For a process reward model, whether each step is rewarded at its last token, by how much it changes the score; false for the score
    /// at the end of the response, null for true.
    /// </summary>
    public bool? PerStep { get; init; }

    EnsembleOptions Ensemble => new() { Combine = Combine, Deviations = Deviations };

    internal IReadOnlyList<string> Folders => Models.Count > 0 ? Models : [Model];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Model.Length > 0 && Models.Count > 0)
            yield return new("must be empty where model names a folder", [nameof(Models)]);
        if (Model.Length == 0 && Models.Count == 0)
            yield return new("must name a folder with a reward model", [nameof(Model)]);
        if (Models.Any(string.IsNullOrEmpty))
            yield return new("must name folders with reward models", [nameof(Models)]);
    }

    public override RewardOptions WithFullPaths() =>
        this with { Model = ModelPath.Full(Model), Models = [.. Models.Select(ModelPath.Full)] };

    public override IRewardSource Build(RewardContext context)
    {
        IRewardSource[] sources = [.. Folders.Select(folder => Source(folder, context))];
        return sources.Length == 1 ? sources[0] : new RewardEnsemble([.. sources.Select(Member)], Ensemble);
    }

    IRewardSource Source(string folder, RewardContext context)
    {
        var policy = context.Policy;
        var (model, tokenizer) =
            (ModelFolder.LoadRewardModel(folder, policy.Model.Device, context.Dtype), ModelFolder.LoadTokenizer(folder));
        if (model.StepSeparator is not null)
            return new StepRewardSource(new(model, tokenizer) { Workers = context.Workers }, policy.Tokenizer)
            {
                Steps = Steps ?? StepScore.Min,
                PerStep = PerStep ?? true,
            };
        if (Steps is not null || PerStep is not null)
            throw new InvalidDataException(
                $"the reward '{Title}': steps and perStep are for a process reward model (`attune prm`), and {folder} scores whole "
                + "responses; leave them out");
        return new RewardModelSource(model, tokenizer, policy.Tokenizer)
        {
            PolicyIsEncoderDecoder = policy.Model.Backbone.Kind == BackboneKind.EncoderDecoder,
            Workers = context.Workers,
            Ensemble = Ensemble,
        };
    }

    RewardModelSource Member(IRewardSource source) => source as RewardModelSource ?? throw new InvalidDataException(
        $"the reward '{Title}': a process reward model cannot be a member of an ensemble; give it as a reward of its own");
}
