using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Text;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Environments;
using Attune.Training.Health;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;

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

/// <summary>What a policy is trained with: models, rewards and prompts, loaded.</summary>
/// <param name="Policy">Samples responses, and is trained.</param>
/// <param name="Trained">Which of its parameters are trained.</param>
/// <param name="Rewards">Scores the responses.</param>
/// <param name="Gold">A second reward, which is only measured; null for none.</param>
/// <param name="Prompts">The training prompts.</param>
/// <param name="HeldOut">The held-out prompts.</param>
/// <param name="Encoder">Encodes further texts.</param>
public sealed record PolicySetup(
    Policy Policy, TrainedParameters Trained, IRewardSource Rewards, IRewardSource? Gold, IReadOnlyList<TokenPrompt> Prompts,
    IReadOnlyList<TokenPrompt> HeldOut, TextEncoder Encoder);

/// <summary>Training of a language model on its own responses, which rewards score: the keys that these methods have in common.</summary>
public abstract record PolicyRecipe : IRecipe
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
    /// What gives responses their scores: a list, of which the weighted sum counts. Each item has a kind (model, classifier, length, regex,
    /// keywords, repetition, json, thinkFormat, increasingNumbers, dates, exactMatch, number, boxed, cosine, rouge, bleu, chrf, ter,
    /// meteor, cider, parent, bertScore, environment, http, process, openai, plugin, guest), a name, a weight, a scaling, and the keys of
    /// its kind; see docs/rewards.md.
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
    public virtual BatchOptions Training { get; init; } = new() { BatchSize = 64 };

    /// <summary>How responses are sampled.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 3e-6,
        Schedule = new() { Kind = ScheduleKind.Linear },
    };

    /// <summary>How scores are transformed before they become rewards.</summary>
    public ScoreOptions Scores { get; init; } = new();

    /// <summary>When the run counts as unhealthy, and what is done about it.</summary>
    public HealthOptions Health { get; init; } = new();

    /// <summary>Keys that all of these recipes have under a new name.</summary>
    protected static IReadOnlyDictionary<string, string> CommonFormerKeys { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["gold"] = "goldReward" };

    public virtual IReadOnlyDictionary<string, string> FormerKeys => CommonFormerKeys;

    public virtual int ExamplesOfUpdate => Training.BatchSize;

    public virtual bool CanShardWeights => true;

    public virtual int ResponseRoom => Sampling.MaxNewTokens;

    /// <summary>The critic; null for a method without one. May add a head to the model.</summary>
    protected virtual Critic? NewCritic(LanguageModel model, Tokenizer tokenizer, Run run)
    {
        model.RemoveHead(ValueHead.Name);
        return null;
    }

    /// <summary>Logits filters of the method, in sampling and in training.</summary>
    protected virtual IReadOnlyList<ILogitsFilter> NewFilters(LanguageModel model, Tokenizer tokenizer) => [];

    /// <summary>Episodes of several turns, which replace single responses; null for none.</summary>
    /// <param name="context">What tools and environments are created for.</param>
    /// <param name="eosIds">The tokens that end a turn.</param>
    private protected virtual (EpisodePlayer Player, JsonElement? Tools)? NewEpisodes(
        EnvironmentContext context, IReadOnlyList<int> eosIds) => null;

    /// <summary>Samples responses on servers; null for this process.</summary>
    private protected virtual ServerGenerator? NewGenerator(
        LanguageModel model, Tokenizer tokenizer, TrainedParameters trained, Run run, CancellationToken cancellation) => null;

    /// <summary>Whether a recipe without rewards is an error.</summary>
    protected virtual bool NeedsRewards => true;

    /// <summary>How many responses to a prompt are scored together.</summary>
    protected virtual int ScoredTogether => 1;

    /// <summary>Whether a reward compares responses; evaluations then compare with the reference's.</summary>
    protected static bool ComparesResponses(IEnumerable<RewardOptions> rewards) => rewards.Any(reward => reward.ComparesResponses);

    /// <summary>Trains to the end, and completes the run.</summary>
    protected abstract void Train(Run run, PolicySetup setup, CancellationToken cancellation);

    /// <summary>The reward model, where one is given, and the rewards after it.</summary>
    public virtual IReadOnlyList<RewardOptions> AllRewards =>
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
            .. Parameters.Validate(Model, hasDropout: false), .. ValidateRewards(), .. ValidateSampling(),
            .. RewardSources.ValidateNames(AllRewards, nameof(Rewards)), .. RewardSources.ValidateNames(GoldReward, nameof(GoldReward)),
        ];

    IEnumerable<ValidationResult> ValidateRewards()
    {
        if (AllRewards.Count == 0 && NeedsRewards)
            yield return Validation.Broken(RewardModel, "must name a folder with a reward model where rewards is empty");
        if (ComparesResponses(AllRewards) && ScoredTogether < 2)
            yield return new(
                "must not compare responses (`compare: true`) where one response to a prompt is scored: use a method with several",
                [nameof(Rewards)]);
    }

    IEnumerable<ValidationResult> ValidateSampling()
    {
        if (Sampling.Temperature == 0)
            yield return Validation.Broken(Sampling.Temperature, "must be above 0: training needs varied responses");
    }

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe With(RunOptions run, BatchOptions training) => this with { Run = run, Training = training };

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
        var episodes = NewEpisodes(
            new(tokenizer) { Cancellation = cancellation, Say = run.Notice }, ModelFolder.EosIds(model, tokenizer));
        using var player = episodes?.Player;
        if (player is not null)
            RequireRoomForEpisodes(model.Backbone);
        using var generator = NewGenerator(model, tokenizer, trained, run, cancellation);
        var policy = new Policy(model, tokenizer, Sampling, NewFilters(model, tokenizer))
        {
            Generator = generator,
            Critic = critic,
            Episodes = player,
            Workers = RankWorkers.On(run.Device, Math.Max(Run.Threads, Training.Workers)),
        };
        using var rewards = AllRewards.Count == 0 ? new NoReward() : CreateRewards(AllRewards);
        using var gold = GoldReward.Count == 0 ? null : CreateRewards(GoldReward);
        var encoder = tokenizer.NewEncoder(model.Backbone, Data.TooLong);
        RewardOptions[] allRewards = [.. AllRewards, .. GoldReward];
        var encoding = ExampleEncoding.Single<TokenPrompt>((example, texts) =>
            texts.EncodePrompt(episodes?.Tools is { } tools ? WithTools(example, tools) : example, ResponseRoom)) with
        {
            Settings = $"{ResponseRoom} {episodes?.Tools}",
        };
        var (prompts, heldOut) = Data.Load(
            encoding, encoder, run, cancellation, [.. allRewards.SelectMany(reward => reward.RowFields), .. EpisodeFields]);
        RewardSources.RequireFields(allRewards, prompts.Concat(heldOut));
        RequireEpisodeFields(prompts.Concat(heldOut));
        if (BestMetric is { } metric && heldOut.Count > 0)
            run.KeepBest(metric);
        Train(run, new(policy, trained, rewards, gold, prompts, heldOut, encoder), cancellation);

        IRewardSource CreateRewards(IReadOnlyList<RewardOptions> options) =>
            RewardSources.Create(options, policy, run.Dtype, Training.Workers, run.Notice, cancellation);
    }

    void RequireRoomForEpisodes(Backbone backbone)
    {
        if (backbone.StartToken is not null)
            throw new InvalidDataException(
                $"{Model} is an encoder–decoder, which reads the prompt once; episodes of several turns need a decoder-only model");
        if (ResponseRoom >= backbone.ContextLength)
            throw new InvalidDataException(
                $"`episodes.maxTokens` must be less than {backbone.ContextLength}, the context of {Model}, which a prompt needs room in "
                + $"too (was {ResponseRoom})");
    }

    /// <summary>Fields that episodes read from the rows of prompts.</summary>
    private protected virtual IReadOnlyList<string> EpisodeFields => [];

    /// <summary>Checks that the rows of prompts have those of <see cref="EpisodeFields"/> that they need.</summary>
    private protected virtual void RequireEpisodeFields(IEnumerable<TokenPrompt> prompts)
    {
    }

    /// <summary>A conversation whose prompt lists the tools, in addition to those of its row.</summary>
    static Example WithTools(Example example, JsonElement tools) => example switch
    {
        ChatExample chat => chat with { Context = chat.Context with { Tools = tools } },
        ChatComparisonExample chat => chat with { Prompt = chat.Prompt with { Tools = tools } },
        _ => throw new InvalidDataException(
            $"{example.Origin}: tools need prompts that are lists of messages, which a chat template writes with the tools "
            + "(this one is a text)"),
    };

    /// <summary>What KL is measured from.</summary>
    protected Reference NewReference(ReferenceOptions options, Run run, PolicySetup setup)
    {
        return new(options, setup.Policy, setup.Trained, Load);

        Policy Load() =>
            new(ModelFolder.LoadLanguageModel(Model, run), setup.Policy.Tokenizer, Sampling, setup.Policy.Filters)
            {
                Critic = null, Episodes = setup.Policy.Episodes,
            };
    }
}
