using System.ComponentModel.DataAnnotations;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>A reward from another program, which answers each batch with a JSON object.</summary>
public abstract record RemoteReward : RewardOptions, IValidatableObject
{
    /// <summary>Fields of the prompts' rows that are also sent, each as a list like prompts and completions.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Whether the tokens of every completion are also sent, as texts, for scores of single tokens.</summary>
    public bool Tokens { get; init; }

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

    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Fields.Any(field => field is "" or "id" or "prompts" or "completions" or "tokens"))
            yield return new("must be names other than id, prompts, completions and tokens", [nameof(Fields)]);
    }

    public override IRewardSource Build(RewardContext context) => new RemoteSource(this, Connect(), context);

    private protected abstract IRemote Connect();
}
