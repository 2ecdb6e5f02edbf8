using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>A reward from outside of the program, which answers a JSON object a batch.</summary>
public abstract record RemoteReward : RewardOptions, IValidatableObject
{
    /// <summary>Fields of the prompts' rows that are sent along, each as a list beside prompts and completions.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Whether the tokens of every completion are sent along as texts, for scores of single tokens.</summary>
    public bool Tokens { get; init; }

    /// <summary>Seconds in which an answer must come, the time to start included.</summary>
    [Range(0d, 86_400d, MinimumIsExclusive = true)]
    public double Timeout { get; init; } = 60;

    /// <summary>Times that a batch is asked for again when no answer came.</summary>
    [Range(0, 100)]
    public int Retries { get; init; } = 3;

    /// <summary>Seconds before it is asked for again; twice as long each time.</summary>
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

/// <summary>The other end: takes a request and gives an answer.</summary>
interface IRemote : IDisposable
{
    /// <summary>The answer to a request of one line.</summary>
    /// <exception cref="IOException">No answer came, and to ask again may help.</exception>
    /// <exception cref="InvalidDataException">To ask again will not help.</exception>
    byte[] Send(byte[] request, TimeSpan timeout);
}
