using System.ComponentModel.DataAnnotations;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>A reward that is requested from another program: scores of responses, or comparisons of two responses to a prompt.</summary>
public abstract record RequestedReward : RewardOptions, IValidatableObject
{
    /// <summary>
    /// Whether it compares responses instead of scoring them: it is asked which of two responses to a prompt is better, in both orders, and
    /// a response scores the share of the other responses to its prompt that it beats.
    /// </summary>
    public bool Compare { get; init; }

    /// <summary>Fields of the prompts' rows that are also sent.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>The timeout of a request in seconds; for a process it includes the time to start.</summary>
    [Range(0d, 86_400d, MinimumIsExclusive = true)]
    public double Timeout { get; init; } = 60;

    /// <summary>How often a request is retried when no answer comes.</summary>
    [Range(0, 100)]
    public int Retries { get; init; } = 3;

    /// <summary>Seconds before the first retry; doubled for each further one.</summary>
    [Range(0d, 3600d)]
    public double Backoff { get; init; } = 1;

    public override IReadOnlyList<string> RowFields => Fields;

    public override bool ComparesResponses => Compare;

    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => [];

    /// <summary>The judge of pairs; the reward has <see cref="Compare"/>.</summary>
    /// <param name="say">Shows a notice, such as that a request is retried; called from any thread.</param>
    /// <param name="cancellation">Ends requests that are not answered.</param>
    public abstract IJudge NewJudge(Action<string> say, CancellationToken cancellation);

    public override IRewardSource Build(RewardContext context) => Compare
        ? new JudgeSource(Title, NewJudge(context.Say, context.Cancellation), context.Policy.Tokenizer)
        : BuildScorer(context);

    private protected abstract IRewardSource BuildScorer(RewardContext context);

    private protected RemoteCalls NewCalls(IRemote remote, Action<string> say, CancellationToken cancellation) =>
        new($"the reward '{Title}'", remote, new(Timeout, Retries, Backoff), say, cancellation);
}
