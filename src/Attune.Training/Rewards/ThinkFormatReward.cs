namespace Attune.Training.Rewards;

/// <summary>
/// 1 for a response that begins with &lt;think&gt;, has no other, and has &lt;/think&gt; after it; else 0. TRL's think_format_reward.
/// </summary>
public sealed record ThinkFormatReward : RuleReward
{
    const string Open = "<think>", Close = "</think>";

    public override string Kind => "thinkFormat";

    public override double Score(TextResponse answer) =>
        answer.Text.StartsWith(Open, StringComparison.Ordinal) && answer.Text.LastIndexOf(Open, StringComparison.Ordinal) == 0
        && answer.Text.Contains(Close, StringComparison.Ordinal)
            ? 1
            : 0;
}
