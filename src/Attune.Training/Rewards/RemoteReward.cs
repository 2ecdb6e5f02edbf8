using System.ComponentModel.DataAnnotations;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>A reward from another program, which answers each batch with a JSON object.</summary>
public abstract record RemoteReward : RequestedReward
{
    /// <summary>Whether the tokens of every completion are also sent, as texts, for scores of single tokens.</summary>
    public bool Tokens { get; init; }

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Fields.Any(field => field is "" or "id" or "prompts" or "completions" or "tokens"))
            yield return new("must be names other than id, prompts, completions and tokens", [nameof(Fields)]);
        if (Compare && Tokens)
            yield return new("must be false with compare: whole responses are compared", [nameof(Tokens)]);
    }

    public override IJudge NewJudge(Action<string> say, CancellationToken cancellation) =>
        new RemoteJudge(new RewardProtocol(this, tokenizer: null), NewCalls(Connect(), say, cancellation));

    private protected override IRewardSource BuildScorer(RewardContext context) =>
        new RemoteSource(this, NewCalls(Connect(), context.Say, context.Cancellation), context);

    private protected abstract IRemote Connect();
}
