using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Generation;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Distillation of a teacher into a smaller language model, on responses of the data and on the model's own.</summary>
public sealed record GkdRecipe : OfflineRecipe<TokenDemonstration>
{
    public GkdRecipe() => Run = new() { Output = "runs/gkd" };

    /// <summary>A folder with the language model that is learned from. It has the same tokenizer as the model that is trained.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    [ExistingPath(IsModel = true)]
    public string Teacher { get; init; } = "";

    /// <summary>How responses are sampled.</summary>
    public SamplingOptions Sampling { get; init; } = new() { MaxNewTokens = 128, Temperature = 0.9 };

    /// <summary>The algorithm.</summary>
    public GkdOptions Gkd { get; init; } = new();

    public override IRecipe WithFullPaths() => (GkdRecipe)base.WithFullPaths() with { Teacher = ModelPath.Full(Teacher) };

    protected override TokenDemonstration? Encode(Example example, TextEncoder encoder) =>
        Algorithms.Gkd.Encode(example, encoder, Gkd, Sampling.MaxNewTokens);

    protected override IObjective<TokenDemonstration> NewObjective(Policy policy, TrainedParameters trained, Run run)
    {
        var student = new Policy(policy.Model, policy.Tokenizer, Sampling) { Critic = null };
        return new Algorithms.Gkd(student, Policies.Teacher.Load(Teacher, student, run), trained, Gkd);
    }
}
