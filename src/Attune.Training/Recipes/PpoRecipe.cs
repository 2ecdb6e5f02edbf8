using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Text;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Evaluation;
using Attune.Training.Health;
using Attune.Training.Offline;
using Attune.Training.OnPolicy;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Recipes;

/// <summary>How the step is chosen that a model is made of.</summary>
public enum BestBy
{
    /// <summary>The highest gold reward of held-out answers; the last step where there is no gold reward.</summary>
    Gold,

    /// <summary>The highest score of held-out answers.</summary>
    Score,

    /// <summary>The last.</summary>
    Last,
}

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

    /// <summary>
    /// A second reward, a list like rewards, which answers to held-out prompts are rated by and nothing is trained by: it shows when the
    /// rewards are over-optimised. See docs/over-optimisation.md.
    /// </summary>
    public IReadOnlyList<RewardOptions> Gold { get; init; } = [];

    /// <summary>The step that the model is made of: the one with the highest held-out gold reward (gold; the last one without gold), the highest held-out score (score), or the last one (last).</summary>
    public BestBy Best { get; init; }

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

    /// <summary>What KL is measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>Who estimates returns.</summary>
    public CriticOptions Critic { get; init; } = new();

    /// <summary>Text that is learned from beside RL (PPO-ptx).</summary>
    public PretrainingMixOptions Mix { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public PpoOptions Ppo { get; init; } = new();

    /// <summary>When the run counts as unwell, and what is done about it.</summary>
    public HealthOptions Health { get; init; } = new();

    public IEnumerable<string> Problems()
    {
        foreach (var problem in CommonProblems.Of(Run, Training, Optimizer).Concat(Data.Problems())
            .Concat(ModelFolder.PathProblems("model", Model)).Concat(RewardProblems()).Concat(GoldProblems())
            .Concat(Parameters.Problems(Model, dropsOut: false)))
            yield return problem;
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
        foreach (var problem in Reference.Problems(Parameters))
            yield return $"reference.{problem}";
        foreach (var problem in Critic.Problems(FirstRewardModel))
            yield return $"critic.{problem}";
        foreach (var problem in Mix.Problems())
            yield return $"mix.{problem}";
        if (Sampling.Temperature == 0)
            yield return $"sampling.temperature: a number above 0 was expected, found {Sampling.Temperature}: PPO learns from varied answers";
        if (!Sampling.IsUntruncated && Ppo.KlEstimator == KlEstimator.Full)
            yield return "ppo.klEstimator: full compares whole distributions; k1, abs, k2 or k3 was expected beside topK, topP, minP or typicalP";
        if (Reference.Kind == ReferenceKind.Precomputed && Ppo is { KlEstimator: KlEstimator.Full, KlIn: KlPlace.Loss })
            yield return "reference.kind: kept was expected, since klEstimator full in the loss asks the reference in every update";
    }

    /// <summary>The reward model, where one is given, and the rewards behind it.</summary>
    public IReadOnlyList<RewardOptions> AllRewards => RewardModel.Length > 0 ? [new ModelReward { Model = RewardModel }, .. Rewards] : Rewards;

    string FirstRewardModel => AllRewards.OfType<ModelReward>().FirstOrDefault()?.Folders[0] ?? "";

    IEnumerable<string> RewardProblems() => AllRewards.Count == 0
        ? ["rewardModel: a folder with a reward model, or a list of rewards, was expected, found nothing"]
        : Rewards.Count == 0 ? [] : RewardSources.Problems("rewards", Rewards);

    IEnumerable<string> GoldProblems() => Gold.Count == 0 ? [] : RewardSources.Problems("gold", Gold);

    /// <summary>The held-out figure that the best step is chosen by; null for the last step.</summary>
    string? BestMetric => Best switch
    {
        BestBy.Gold => Gold.Count > 0 ? "eval/gold" : null,
        BestBy.Score => "eval/score",
        _ => null,
    };

    public IRecipe WithFullPaths() => this with
    {
        Data = Data.WithFullPaths(),
        Model = RecipePaths.Full(Model),
        RewardModel = RecipePaths.Full(RewardModel),
        Rewards = [.. Rewards.Select(reward => reward.WithFullPaths())],
        Gold = [.. Gold.Select(reward => reward.WithFullPaths())],
        Critic = Critic with { Model = RecipePaths.Full(Critic.Model) },
        Mix = Mix with { Text = RecipePaths.Full(Mix.Text) },
    };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.Tokenizer(Model);
        var model = ModelFolder.LanguageModel(Model, run);
        var critic = NewCritic(model, tokenizer, run);
        var trained = TrainedParameters.Choose(model, Parameters, run.Seed);
        IReadOnlyList<(string Name, Parameter Value)> learned = [.. trained.Named, .. critic.Parameters];
        var policy = new Policy(model, tokenizer, Sampling) { Critic = critic };
        var reference = new Reference(Reference, policy, trained, () => new Policy(ModelFolder.LanguageModel(Model, run), tokenizer, Sampling) { Critic = null });
        using var rewards = RewardSources.Create(AllRewards, policy, run.Dtype, Training.Workers, run.Notice);
        using var gold = Gold.Count == 0 ? null : RewardSources.Create(Gold, policy, run.Dtype, Training.Workers, run.Notice);
        var encoder = new TextEncoder(tokenizer, (int)policy.Model.Backbone.ContextLength, Data.TooLong, policy.Model.Backbone.StartToken);
        var (train, heldOut) = Data.Load(examples => Encode(examples, encoder), encoder, run.Seed);
        RewardSources.RequireFields([.. AllRewards, .. Gold], train.Concat(heldOut));
        run.Notices(encoder.Notices);
        if (run.SelfTest)
            SelfTest.Run(policy, learned, train, run.Seed, run.Notice);

        var steps = Training.TotalSteps(train.Count);
        var optimizer = new Optimizer(Optimizer.ToRule(), learned, Optimizer.WeightDecay);
        run.Register("policy", new ModelState(learned));
        run.Register("optimizer", optimizer);
        run.Register("reference", reference);
        var average = Ppo.Ema > 0 ? new MovingAverage(trained.Named, Ppo.Ema) : null;
        if (average is not null)
            run.Register("average", average);
        var evaluation = new PolicyEvaluation(policy, reference, rewards, heldOut, run.Seed) { Gold = gold };
        if (BestMetric is { } metric && heldOut.Count > 0)
            run.KeepBest(metric);
        var algorithm = new Algorithms.Ppo(Ppo);
        run.Watch(new(Health), algorithm.RaiseBeta);
        var loop = new OnPolicyLoop(run, policy, reference, rewards, new(Scores), algorithm, new(optimizer, Optimizer, steps), Training)
        {
            Average = average,
            CriticWarmup = Critic.WarmupSteps,
            Mix = Mix.Text.Length == 0 ? null : PretrainingMix.Read(Mix, model, tokenizer, encoder, run.Seed),
        };
        loop.Train(train, new BatchOrder(train.Count, Training.BatchSize, run.Seed), steps, () => Averaged(average, evaluation.Look), cancellation);
        run.Complete(folder => Averaged(average, () =>
        {
            trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer));
            critic.Save(folder);
            return folder;
        }));
    }

    Critic NewCritic(LanguageModel model, Tokenizer tokenizer, Run run)
    {
        if (Critic.Kind != CriticKind.Head)
            model.RemoveValueHead();
        else if (model.ValueHead is null)
            model.AddValueHead().Initialize(run.Random);
        var folder = Critic.Model.Length > 0 ? Critic.Model : FirstRewardModel;
        return Critic.Kind switch
        {
            CriticKind.Branch => new BranchCritic(model, Critic.Layers, run.Random),
            CriticKind.Model => new ModelCritic(ModelFolder.RewardModelToTrain(folder, run), ModelFolder.Tokenizer(folder), tokenizer, folder),
            _ => new HeadCritic(model.ValueHead!),
        };
    }

    /// <summary>Does something with the moving average in the place of the weights, where there is one.</summary>
    static T Averaged<T>(MovingAverage? average, Func<T> act)
    {
        average?.Swap();
        try
        {
            return act();
        }
        finally
        {
            average?.Swap();
        }
    }

    IReadOnlyList<TokenPrompt> Encode(IEnumerable<Example> examples, TextEncoder encoder) =>
        [.. examples.Select(example => encoder.Prompt(example, Sampling.MaxNewTokens)).OfType<TokenPrompt>()];
}
