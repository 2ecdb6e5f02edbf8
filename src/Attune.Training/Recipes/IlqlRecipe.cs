using Attune.Data;
using Attune.Models;
using Attune.Models.Heads;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Offline reinforcement learning of a language model from responses with rewards, by ILQL.</summary>
public sealed record IlqlRecipe : OfflineRecipe<TokenRewards>
{
    public IlqlRecipe()
    {
        Run = new() { Output = "runs/ilql" };
        Optimizer = new() { LearningRate = 5e-5, Schedule = new() { Kind = ScheduleKind.Constant } };
    }

    /// <summary>The algorithm, and how its model generates.</summary>
    public IlqlOptions Ilql { get; init; } = new();

    protected override IReadOnlyList<double> FurtherBetas => Ilql.Betas;

    protected override LanguageModel LoadModel(Run run)
    {
        var model = ModelFolder.LoadWithIlqlHeads(Model, run);
        model.RemoveHead(ValueHead.Name);
        IlqlHeads.AddTo(model, Ilql.TwoQs, run.Random);
        model.Advantage = new(Ilql.AdvantageBeta, Ilql.TopK);
        return model;
    }

    protected override TokenRewards? Encode(Example example, TextEncoder encoder) => encoder.EncodeRewards(example);

    protected override IObjective<TokenRewards> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Ilql(policy.Model, policy.Tokenizer, Ilql);
}
