using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;
using Attune.Training.Rewards;

namespace Attune.Quickstart;

/// <summary>The score of the quickstart's simulated guest without noise, 0 to 10: the true reward of the front-desk task.</summary>
public sealed record GuestReward : RewardOptions
{
    public override string Kind => "guest";

    /// <summary>The folder with topics.json, taste.json and words.txt.</summary>
    [Required(ErrorMessage = "must name a folder with topics.json, taste.json and words.txt")]
    [ExistingPath(IsFolder = true)]
    public string Folder { get; init; } = "data/frontdesk";

    public override RewardOptions WithFullPaths() => this with { Folder = RecipePaths.Full(Folder) };

    public override IRewardSource Build(RewardContext context) =>
        new RuleSource(new Rule(SimulatedGuest.Load(Folder)), context.Policy.Tokenizer);

    sealed class Rule(SimulatedGuest guest) : IRule
    {
        public double Score(TextResponse answer) => guest.Judge(answer.Prompt.Text, answer.Text).Score;
    }
}
