using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Environments;
using Attune.Training.Estimation;
using Attune.Training.Health;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;

namespace Attune.Training.Recipes;

/// <summary>
/// RL fine-tuning of a language model against rewards: what all on-policy methods have in common, which train on responses
/// that the policy samples in each step. A method adds its own options and <see cref="NewAlgorithm"/>.
/// </summary>
public abstract record OnPolicyRecipe : PolicyRecipe
{
    /// <summary>Responses to each prompt, and updates of each step.</summary>
    public UpdateOptions Updates { get; init; } = new();

    /// <summary>Episodes of several turns, which tools and environments reply to; without them a response is one turn.</summary>
    public EpisodeOptions Episodes { get; init; } = new();

    /// <summary>What samples the responses: this process, or servers.</summary>
    public RolloutOptions Rollout { get; init; } = new();

    /// <summary>The penalty on the KL from the reference.</summary>
    public KlOptions Kl { get; init; } = new();

    /// <summary>What KL is measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>A moving average of the weights.</summary>
    public AverageOptions Average { get; init; } = new();

    /// <summary>Whether the method can do without a KL penalty, so that a coefficient of 0 needs no reference.</summary>
    protected virtual bool NeedsReference => Kl.Coef > 0;

    protected override int ScoredTogether => Updates.SamplesPerPrompt;

    /// <summary>The algorithm.</summary>
    /// <param name="kl">The penalty on the KL from the reference; null when <see cref="NeedsReference"/> is false.</param>
    /// <param name="policy">The policy that is trained.</param>
    /// <param name="trained">Its trained parameters.</param>
    /// <param name="run">The run.</param>
    protected abstract IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run);

    /// <summary>Language modelling on a text in the same updates (PPO-ptx); null for none.</summary>
    protected virtual IAuxiliaryLoss? NewMix(LanguageModel model, Tokenizer tokenizer, TextEncoder encoder, Run run) => null;

    /// <summary>Steps at the start in which only the critic is trained.</summary>
    protected virtual int CriticWarmup => 0;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
    [
        .. base.Validate(validationContext), .. Reference.Validate(Parameters), .. ValidateKl(), .. ValidateSampling(),
        .. ValidateEpisodes(), .. Rollout.Validate(Sampling, Updates.MaxResamplings, Parameters.Lora.Rank > 0),
    ];

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
        if (Sampling.GuidanceScale != 1)
            yield return Validation.Broken(Sampling.GuidanceScale, "must be 1: guidance changes the probabilities that RL learns from");
        if ((!Sampling.IsUntruncated || Sampling.ForbidsTokens) && Kl.Estimator == KlEstimator.Full)
            yield return Validation.Broken(
                Kl.Estimator, "must be k1, abs, k2 or k3 with sampling options that leave tokens out: full compares whole distributions");
        if (Updates.MiniBatches > Math.Max(1, Training.BatchSize * Updates.SamplesPerPrompt))
            yield return Validation.Broken(
                Updates.MiniBatches, $"must be at most the responses of a step, {Training.BatchSize * Updates.SamplesPerPrompt}");
    }

    public override int ExamplesOfUpdate => Math.Max(1, Training.BatchSize * Updates.SamplesPerPrompt / Updates.MiniBatches);

    public override int ResponseRoom => Episodes.AreUsed ? Episodes.MaxTokens : base.ResponseRoom;

    /// <summary>The rewards of the recipe; without any, those of the environments.</summary>
    public override IReadOnlyList<RewardOptions> AllRewards =>
        base.AllRewards is { Count: 0 } && Episodes.Environments.Count > 0 ? [new EnvironmentReward()] : base.AllRewards;

    public override IRecipe WithFullPaths() => (OnPolicyRecipe)base.WithFullPaths() with
    {
        Episodes = Episodes.WithFullPaths(),
        Rollout = Rollout with { WeightsFolder = Rollout.WeightsFolder.Length > 0 ? Path.GetFullPath(Rollout.WeightsFolder) : "" },
    };

    private protected override (EpisodePlayer Player, JsonElement? Tools)? NewEpisodes(
        EnvironmentContext context, IReadOnlyList<int> eosIds) => Episodes.AreUsed ? Episodes.Connect(context, eosIds) : null;

    private protected override ServerGenerator? NewGenerator(
        LanguageModel model, Tokenizer tokenizer, TrainedParameters trained, Run run, CancellationToken cancellation) => Rollout.UsesServers
        ? ServerGenerator.Connect(Rollout, model, Model, tokenizer, trained, run, cancellation)
        : null;

    private protected override IReadOnlyList<string> EpisodeFields => Episodes.RowFields;

    private protected override void RequireEpisodeFields(IEnumerable<TokenPrompt> prompts) => Episodes.RequireFields(prompts);

    IEnumerable<ValidationResult> ValidateEpisodes()
    {
        if (AllRewards.Any(reward => reward is EnvironmentReward) && Episodes.Environments.Count == 0)
            yield return Validation.Broken(Rewards, "must have no reward of kind environment where episodes.environments is empty");
        if (Episodes.AreUsed && Episodes.MaxTokens < Sampling.MaxNewTokens)
            yield return Validation.Broken(
                Episodes.MaxTokens, $"must be at least sampling.maxNewTokens, {Sampling.MaxNewTokens}, the maximum length of a turn");
    }

    protected override void Train(Run run, PolicySetup setup, CancellationToken cancellation)
    {
        var (policy, trained) = (setup.Policy, setup.Trained);
        var kl = NeedsReference ? new KlPenalty(Kl) : null;
        var task = new OnPolicyTask(run, policy, trained, setup.Rewards, NewAlgorithm(kl, policy, trained, run))
        {
            Training = Training,
            Updates = Updates,
            Rollout = Rollout,
            Optimizer = Optimizer,
            Scores = Scores,
            Reference = NeedsReference || ComparesResponses([.. AllRewards, .. GoldReward]) ? NewReference(Reference, run, setup) : null,
            Kl = kl,
            Average = Average,
            CriticWarmup = CriticWarmup,
            Mix = NewMix(policy.Model, policy.Tokenizer, setup.Encoder, run),
            Gold = setup.Gold,
        };
        run.Watch(new(Health), kl is null ? null : kl.Raise);
        task.Train(setup.Prompts, setup.HeldOut, cancellation);
        run.Complete(folder => task.Save(folder, Model));
    }
}
