using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Attune.Reporting.TextMetrics;

namespace Attune.Training.Rewards;

/// <summary>
/// How many numbers at the start of a response increase, as a share of its words, or of half of minWords if it has fewer: RL4LMs'
/// increasing_numbers (Ramamurthy et al. 2022, https://arxiv.org/abs/2210.01241). Words that are not numbers are passed over.
/// </summary>
public sealed record IncreasingNumbersReward : RuleReward
{
    public override string Kind => "increasingNumbers";

    /// <summary>The words that a response should have: one with fewer than half of them cannot score 1. RL4LMs' min_tokens.</summary>
    [Range(1, double.PositiveInfinity)]
    public int MinWords { get; init; } = 20;

    public override double Score(TextResponse answer)
    {
        var words = Words.Split(answer.Text);
        double[] numbers = [.. words.Select(Number).OfType<double>()];
        var increasing = numbers.TakeWhile((number, at) => at == 0 || number > numbers[at - 1]).Count();
        return increasing / Math.Max(words.Length, MinWords / 2.0);
    }

    static double? Number(string word) => double.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : null;
}
