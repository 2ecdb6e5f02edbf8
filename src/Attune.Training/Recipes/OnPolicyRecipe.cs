using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Heads;
using Attune.Text;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Health;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Which step the model is taken from.</summary>
public enum BestBy
{
    /// <summary>The one with the highest gold reward of held-out responses; the last step where there is no gold reward.</summary>
    Gold,

    /// <summary>The one with the highest score of held-out responses.</summary>
    Score,

    /// <summary>The last.</summary>
    Last,
}

/// <summary>
/// RL fine-tuning of a language model against rewards: what all on-policy methods have in common, which train on responses
/// that the policy samples. A method adds its own options and <see cref="NewAlgorithm"/>.
/// </summary>
public abstract record OnPolicyRecipe : IRecipe
{
    /// <summary>Folder, seed, and how often the run saves and evaluates.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>A folder with the language model that becomes the policy; the frozen reference is the same.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>A folder with a reward model: a short form of a reward of kind model, before those of rewards.</summary>
    [ExistingPath(IsModel = true)]
    public string RewardModel { get; init; } = "";

    /// <summary>
    /// What gives responses their scores: a list, of which the weighted sum counts. Each item has a kind (model, length, regex, keywords,
    /// repetition, json, exactMatch, number, http, process, plugin, guest), a name, a weight, a scaling, and the keys of its kind; see
    /// docs/rewards.md.
    /// </summary>
    public IReadOnlyList<RewardOptions> Rewards { get; init; } = [];

    /// <summary>
    /// A second reward, a list like rewards. It scores responses to held-out prompts and is never trained on: it shows when the rewards are
    /// over-optimised. See docs/over-optimisation.md.
    /// </summary>
    public IReadOnlyList<RewardOptions> GoldReward { get; init; } = [];

    /// <summary>
    /// The step that the model is taken from: the one with the highest held-out gold reward (gold; the last step without goldReward), the
    /// highest held-out score (score), or the last step (last).
    /// </summary>
    public BestBy Best { get; init; }

    /// <summary>Prompts, as texts or messages; responses of the data are ignored.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>Steps or epochs, and sizes of batches: an example is a prompt, and a step takes batchSize of them.</summary>
    public BatchOptions Training { get; init; } = new() { BatchSize = 64 };

    /// <summary>How responses are sampled.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Responses to each prompt, and updates of each step.</summary>
    public UpdateOptions Updates { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 3e-6,
        Schedule = new() { Kind = ScheduleKind.Linear },
    };

    /// <summary>How scores are transformed before they become rewards.</summary>
    public ScoreOptions Scores { get; init; } = new();

    /// <summary>The penalty on the KL from the reference.</summary>
    public KlOptions Kl { get; init; } = new();

    /// <summary>What KL is measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>A moving average of the weights.</summary>
    public AverageOptions Average { get; init; } = new();

    /// <summary>When the run counts as unhealthy, and what is done about it.</summary>
    public HealthOptions Health { get; init; } = new();

    /// <summary>Keys that every on-policy recipe has under a new name.</summary>
    protected static IReadOnlyDictionary<string, string> CommonFormerKeys { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["gold"] = "goldReward" };

    public virtual IReadOnlyDictionary<string, string> FormerKeys => CommonFormerKeys;

    /// <summary>Whether the method can do without a KL penalty, so that a coefficient of 0 needs no reference.</summary>
    protected virtual bool NeedsReference => Kl.Coef > 0;

    /// <summary>The algorithm.</summary>
    /// <param name="kl">The penalty on the KL from the reference; null when <see cref="NeedsReference"/> is false.</param>
    protected abstract IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl);

    /// <summary>The critic; null for a method without one. May add a head to the model.</summary>
    protected virtual Critic? NewCritic(LanguageModel model, Tokenizer tokenizer, Run run)
    {
        model.RemoveHead(ValueHead.Name);
        return null;
    }

    /// <summary>Language modelling on a text in the same updates (PPO-ptx); null for none.</summary>
    protected virtual IAuxiliaryLoss? NewMix(LanguageModel model, Tokenizer tokenizer, TextEncoder encoder, Run run) => null;

    /// <summary>Steps at the start in which only the critic is trained.</summary>
    protected virtual int CriticWarmup => 0;

    /// <summary>The reward model, where one is given, and the rewards after it.</summary>
    public IReadOnlyList<RewardOptions> AllRewards =>
        RewardModel.Length > 0 ? [new ModelReward { Model = RewardModel }, .. Rewards] : Rewards;

    /// <summary>The held-out metric that the best step is chosen by; null for the last step.</summary>
    string? BestMetric => Best switch
    {
        BestBy.Gold => GoldReward.Count > 0 ? "eval/gold" : null,
        BestBy.Score => "eval/score",
        _ => null,
    };

    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [
            .. Parameters.Validate(Model, hasDropout: false), .. ValidateRewards(), .. Reference.Validate(Parameters),
            .. ValidateKl(), .. ValidateSampling(),
            .. RewardSources.ValidateNames(AllRewards, nameof(Rewards)), .. RewardSources.ValidateNames(GoldReward, nameof(GoldReward)),
        ];

    IEnumerable<ValidationResult> ValidateRewards()
    {
        if (AllRewards.Count == 0)
            yield return Validation.Broken(RewardModel, "must name a folder with a reward model where rewards is empty");
    }

    IEnumerable<ValidationResult> ValidateKl()
    {
        if (Reference.Kind == ReferenceKind.Precomputed && Kl is { Estimator: KlEstimator.Full, In: KlPlace.Loss })
            yield return Validation.Broken(
                Reference.Kind, "must be kept where kl.estimator is full and kl.in is loss: every update needs it");
        if (Health.Act is HealthAct.RaiseBeta or HealthAct.RollBack && Kl.Coef == 0)
            yield return Validation.Broken(Health.Act, "must be none or stop where kl.coef is 0: there is no β to raise");
    }

    IEnumerable<ValidationResult> ValidateSampling()
    {
        if (Sampling.Temperature == 0)
            yield return Validation.Broken(Sampling.Temperature, "must be above 0: RL learns from varied responses");
        if (Sampling.GuidanceScale != 1)
            yield return Validation.Broken(Sampling.GuidanceScale, "must be 1: guidance changes the probabilities that RL learns from");
        if ((!Sampling.IsUntruncated || Sampling.ForbidsTokens) && Kl.Estimator == KlEstimator.Full)
            yield return Validation.Broken(
                Kl.Estimator, "must be k1, abs, k2 or k3 with sampling options that leave tokens out: full compares whole distributions");
        if (Updates.MiniBatches > Math.Max(1, Training.BatchSize * Updates.SamplesPerPrompt))
            yield return Validation.Broken(
                Updates.MiniBatches, $"must be at most the responses of a step, {Training.BatchSize * Updates.SamplesPerPrompt}");
    }

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public virtual IRecipe WithFullPaths() => this with
    {
        Data = Data.WithFullPaths(),
        Model = ModelPath.Full(Model),
        RewardModel = ModelPath.Full(RewardModel),
        Rewards = [.. Rewards.Select(reward => reward.WithFullPaths())],
        GoldReward = [.. GoldReward.Select(reward => reward.WithFullPaths())],
    };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = Conversations.Prepare(ModelFolder.LoadTokenizer(Model, run), this, Parameters, run);
        var model = ModelFolder.LoadLanguageModel(Model, run);
        var critic = NewCritic(model, tokenizer, run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var policy = new Policy(model, tokenizer, Sampling) { Critic = critic };
        using var rewards = CreateRewards(AllRewards);
        using var gold = GoldReward.Count == 0 ? null : CreateRewards(GoldReward);
        var encoder = tokenizer.NewEncoder(model.Backbone, Data.TooLong);
        RewardOptions[] allRewards = [.. AllRewards, .. GoldReward];
        var (train, heldOut) = Data.Load(
            example => encoder.EncodePrompt(example, Sampling.MaxNewTokens), encoder, run,
            [.. allRewards.SelectMany(reward => reward.RowFields)]);
        RewardSources.RequireFields(allRewards, train.Concat(heldOut));

        var reference = NeedsReference ? new Reference(Reference, policy, trained, LoadReference) : null;
        var kl = NeedsReference ? new KlPenalty(Kl) : null;
        var task = new OnPolicyTask(run, policy, trained, rewards, NewAlgorithm(kl))
        {
            Training = Training,
            Updates = Updates,
            Optimizer = Optimizer,
            Scores = Scores,
            Reference = reference,
            Kl = kl,
            Average = Average,
            CriticWarmup = CriticWarmup,
            Mix = NewMix(model, tokenizer, encoder, run),
            Gold = gold,
        };
        if (BestMetric is { } metric && heldOut.Count > 0)
            run.KeepBest(metric);
        run.Watch(new(Health), kl is null ? null : kl.Raise);
        task.Train(train, heldOut, cancellation);
        run.Complete(folder => task.Save(folder, Model));

        IRewardSource CreateRewards(IReadOnlyList<RewardOptions> options) =>
            RewardSources.Create(options, policy, run.Dtype, Training.Workers, run.Notice, cancellation);

        Policy LoadReference() => new(ModelFolder.LoadLanguageModel(Model, run), tokenizer, Sampling) { Critic = null };
    }
}
