using System.Text.RegularExpressions;

namespace Attune.Training.Rewards;

/// <summary>1 for a response with a date such as 2026-07-31, else 0: RL4LMs' sentences_with_dates.</summary>
public sealed partial record DatesReward : RuleReward
{
    public override string Kind => "dates";

    public override double Score(TextResponse answer) => Date().IsMatch(answer.Text) ? 1 : 0;

    [GeneratedRegex(@"\d{4}-\d{2}-\d{2}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Date();
}
