using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Reporting.Reports;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Evaluation;

/// <summary>
/// Responses to held-out prompts, which every evaluation of a method on fixed data samples, scores and keeps to read. They do not change
/// the training.
/// </summary>
public sealed record ResponseOptions : IValidatableObject
{
    /// <summary>A file with prompts that are not trained on; empty to sample no responses.</summary>
    [ExistingPath]
    public string Prompts { get; init; } = "";

    /// <summary>What scores the responses: a list as that of on-policy methods, see docs/rewards.md; empty for no score.</summary>
    public IReadOnlyList<RewardOptions> Rewards { get; init; } = [];

    /// <summary>A second reward, a list like rewards, whose score is reported as the gold reward.</summary>
    public IReadOnlyList<RewardOptions> GoldReward { get; init; } = [];

    /// <summary>Whether the KL from the initial model is measured. It needs a copy of the trained weights in memory.</summary>
    public bool Kl { get; init; } = true;

    /// <summary>How responses are sampled.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    IReadOnlyList<RewardOptions> AllRewards => [.. Rewards, .. GoldReward];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
    [
        .. RewardSources.ValidateNames(Rewards, nameof(Rewards)), .. RewardSources.ValidateNames(GoldReward, nameof(GoldReward)),
        .. AllRewards.Count > 0 && Prompts.Length == 0
            ? [new ValidationResult("must name a file with prompts where responses are scored", [nameof(Prompts)])]
            : Array.Empty<ValidationResult>(),
        .. AllRewards.Any(reward => reward.ComparesResponses) && !Kl
            ? [new ValidationResult("must be true with a reward that compares responses with those of the initial model", [nameof(Kl)])]
            : Array.Empty<ValidationResult>(),
    ];

    public ResponseOptions WithFullPaths() => this with
    {
        Prompts = RecipePaths.Data(Prompts),
        Rewards = [.. Rewards.Select(reward => reward.WithFullPaths())],
        GoldReward = [.. GoldReward.Select(reward => reward.WithFullPaths())],
    };

    /// <summary>Reads the prompts and creates the rewards.</summary>
    /// <param name="model">The model before training.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="encoder">Encodes the prompts.</param>
    /// <param name="trained">Which parameters are trained.</param>
    /// <param name="run">Gets the notices.</param>
    /// <param name="cancellation">Ends requests to other programs that do not answer.</param>
    /// <param name="advantageBetas">Further values of <see cref="SamplingOptions.AdvantageBeta"/> at which responses are sampled.</param>
    /// <returns>The evaluation, to be disposed of; null when no prompts are named.</returns>
    /// <exception cref="InvalidDataException">The prompts or a reward cannot be used.</exception>
    public SampledEvaluation? Create(
        LanguageModel model, Tokenizer tokenizer, TextEncoder encoder, TrainedParameters trained, Run run, CancellationToken cancellation,
        IReadOnlyList<double>? advantageBetas = null)
    {
        if (Prompts.Length == 0)
            return null;
        var policy = new Policy(model, tokenizer, Sampling) { Critic = null };
        var reading = new ReadOptions
        {
            Use = DataUse.Prompts,
            Reader = "responses.prompts",
            AlsoRead = [.. AllRewards.SelectMany(reward => reward.RowFields)],
            Notice = run.Notice,
        };
        TokenPrompt[] prompts = [.. Dataset.Read(Prompts, reading).Select(example => encoder.EncodePrompt(example, Sampling.MaxNewTokens))
            .OfType<TokenPrompt>()];
        if (prompts.Length == 0)
            throw new InvalidDataException($"`responses.prompts`: {Prompts} has no prompts that leave room for a response.");
        RewardSources.RequireFields(AllRewards, prompts);
        var (rewards, gold) = (NewRewards(Rewards), NewRewards(GoldReward));
        var reference = Kl ? new Reference(policy, trained) : null;
        return new(NewEvaluation(policy), prompts.Length, [.. new[] { rewards, gold }.OfType<IRewardSource>()])
        {
            AtBetas = [.. (advantageBetas ?? []).Distinct().Select(beta => (beta, NewEvaluation(policy.WithAdvantage(beta))))],
        };

        PolicyEvaluation NewEvaluation(Policy sampled) => new(sampled, reference, rewards, prompts, run.Seed) { GoldReward = gold };

        IRewardSource? NewRewards(IReadOnlyList<RewardOptions> options) => options.Count == 0
            ? null
            : RewardSources.Create(options, policy, run.Dtype, say: run.Notice, cancellation: cancellation);
    }
}

/// <summary>An evaluation on sampled responses, with the rewards that it owns.</summary>
/// <param name="evaluation">Samples and scores responses.</param>
/// <param name="promptCount">The number of prompts.</param>
/// <param name="rewards">Disposed of with this.</param>
public sealed class SampledEvaluation(PolicyEvaluation evaluation, int promptCount, IReadOnlyList<IRewardSource> rewards) : IDisposable
{
    public int PromptCount => promptCount * (1 + AtBetas.Count);

    /// <summary>The same at further values of β, whose metrics have the value in their names, such as eval/score@beta=4.</summary>
    public IReadOnlyList<(double Beta, PolicyEvaluation Evaluation)> AtBetas { get; init; } = [];

    /// <inheritdoc cref="PolicyEvaluation.Evaluate"/>
    public EvaluationResult Evaluate()
    {
        var result = evaluation.Evaluate();
        var metrics = new Dictionary<string, double>(result.Metrics, StringComparer.Ordinal);
        foreach (var (beta, other) in AtBetas)
            foreach (var (name, value) in other.Evaluate().Metrics.Where(metric => metric.Key != MetricGuide.HeldOutExamples))
                metrics[MetricGuide.At(name, "beta", beta)] = value;
        return result with { Metrics = metrics };
    }

    public void Dispose()
    {
        foreach (var reward in rewards)
            reward.Dispose();
    }
}
