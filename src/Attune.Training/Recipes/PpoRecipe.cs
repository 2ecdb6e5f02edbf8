using Attune.Data;
using Attune.Generation;
using Attune.Training.Algorithms;
using Attune.Training.Evaluation;
using Attune.Training.Health;
using Attune.Training.Optimizers;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by PPO against a reward model.</summary>
public sealed record PpoRecipe : IRecipe
{
    /// <summary>Folder, seed and rhythm of the run.</summary>
    public RunOptions Run { get; init; } = new() { Output = "runs/ppo" };

    /// <summary>A folder with the language model that becomes the policy; the frozen reference is the same.</summary>
    public string Model { get; init; } = "";

    /// <summary>A folder with a reward model: the short form of a list of rewards with one of kind model, to which others may be added.</summary>
    public string RewardModel { get; init; } = "";

    /// <summary>
    /// What answers are rewarded for: a list, of which the weighted sum counts. Each item has a kind (model, length, regex, keywords,
    /// repetition, json, exactMatch, number, http, process, plugin, guest), a name, a weight, a scaling, and the keys of its kind; see
    /// docs/rewards.md.
    /// </summary>
    public IReadOnlyList<RewardOptions> Rewards { get; init; } = [];

    /// <summary>Prompts, as texts or messages; answers that stand beside them are passed over.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>How much is seen: an example is a prompt, a step answers batchSize of them.</summary>
    public BatchOptions Training { get; init; } = new() { BatchSize = 64 };

    /// <summary>How answers are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>How parameters move.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 3e-6,
        Schedule = new() { Kind = ScheduleKind.Linear },
    };

    /// <summary>What is done to scores before they become rewards.</summary>
    public ScoreOptions Scores { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public PpoOptions Ppo { get; init; } = new();

    /// <summary>When the run counts as unwell, and what is done about it.</summary>
    public HealthOptions Health { get; init; } = new();

    public IEnumerable<string> Problems()
    {
        foreach (var problem in CommonProblems.Of(Run, Training, Optimizer).Concat(Data.Problems())
            .Concat(ModelFolder.PathProblems("model", Model)).Concat(RewardProblems())
            .Concat(Parameters.Problems(Model, dropsOut: false)))
            yield return problem;
        if (Ppo.Epochs < 1 || Ppo.MiniBatches < 1 || Ppo.SamplesPerPrompt < 1)
            yield return $"ppo: epochs, miniBatches and samplesPerPrompt of at least 1 were expected, found {Ppo.Epochs}, {Ppo.MiniBatches} and {Ppo.SamplesPerPrompt}";
        if (Ppo.MiniBatches > Training.BatchSize * Ppo.SamplesPerPrompt)
            yield return $"ppo.miniBatches: at most one for each answer of a step was expected, found {Ppo.MiniBatches}";
        foreach (var problem in Sampling.Problems())
            yield return $"sampling.{problem}";
        foreach (var problem in Ppo.Problems())
            yield return $"ppo.{problem}";
        foreach (var problem in Health.Problems())
            yield return $"health.{problem}";
        if (Health.Act is HealthAct.RaiseBeta or HealthAct.RollBack && Ppo.KlCoef == 0)
            yield return "health.act: ppo.klCoef above 0 was expected where β is to be raised, found 0";
        foreach (var problem in Scores.Problems())
            yield return $"scores.{problem}";
        if (Sampling.Temperature == 0)
            yield return $"sampling.temperature: a number above 0 was expected, found {Sampling.Temperature}: PPO learns from varied answers";
        if (!Sampling.IsUnfiltered)
            yield return "sampling: nothing but temperature and maxNewTokens may be set in PPO: its ratios compare whole distributions, so topK, topP and the like stay off";
    }

    IReadOnlyList<RewardOptions> AllRewards => RewardModel.Length > 0 ? [new ModelReward { Model = RewardModel }, .. Rewards] : Rewards;

    IEnumerable<string> RewardProblems() => AllRewards.Count == 0
        ? ["rewardModel: a folder with a reward model, or a list of rewards, was expected, found nothing"]
        : Rewards.Count == 0 ? [] : RewardSources.Problems("rewards", Rewards);

    public IRecipe WithFullPaths() => this with
    {
        Data = Data.WithFullPaths(),
        Model = RecipePaths.Full(Model),
        RewardModel = RecipePaths.Full(RewardModel),
        Rewards = [.. Rewards.Select(reward => reward.WithFullPaths())],
    };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.Tokenizer(Model);
        var policy = new Policy(ModelFolder.LanguageModel(Model, run), tokenizer, Sampling);
        if (policy.Model.ValueHead is null)
            policy.Model.AddValueHead().Initialize(run.Random);
        var trained = TrainedParameters.Choose(policy.Model, Parameters, run.Seed);
        var reference = trained.Reference(policy);
        using var rewards = RewardSources.Create(AllRewards, policy, run.Dtype, Training.Workers);
        var encoder = new TextEncoder(tokenizer, (int)policy.Model.Backbone.ContextLength, Data.TooLong, policy.Model.Backbone.StartToken);
        var (train, heldOut) = Data.Load(examples => Encode(examples, encoder), encoder, run.Seed);
        run.Notices(encoder.Notices);
        if (run.SelfTest)
            SelfTest.Run(policy, trained.Named, train, run.Seed, run.Notice);

        var steps = Training.TotalSteps(train.Count);
        var optimizer = new Optimizer(Optimizer.ToRule(), trained.Named, Optimizer.WeightDecay);
        run.Register("policy", new ModelState(trained.Named));
        run.Register("optimizer", optimizer);
        var evaluation = new PolicyEvaluation(policy, reference, rewards, heldOut, run.Seed);
        var algorithm = new Algorithms.Ppo(Ppo);
        run.Watch(new(Health), algorithm.RaiseBeta);
        var loop = new OnPolicyLoop(run, policy, reference, rewards, new(Scores), algorithm, new(optimizer, Optimizer, steps), Training);
        loop.Train(train, new BatchOrder(train.Count, Training.BatchSize, run.Seed), steps, evaluation.Look, cancellation);
        run.Complete("ppo", folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, policy.Model, tokenizer)));
    }

    IReadOnlyList<TokenPrompt> Encode(IEnumerable<Example> examples, TextEncoder encoder) =>
        [.. examples.Select(example => encoder.Prompt(example, Sampling.MaxNewTokens)).OfType<TokenPrompt>()];
}
