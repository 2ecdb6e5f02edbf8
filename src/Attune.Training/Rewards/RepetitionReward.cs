using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>
/// The share of n-grams of words that are repeated, below 0: −(1 − different / all). Yeo et al. 2025, appendix on the repetition
/// penalty, https://arxiv.org/abs/2502.03373.
/// </summary>
public sealed record RepetitionReward : RuleReward
{
    public override string Kind => "repetition";

    /// <summary>Words of an n-gram; upper and lower case are the same.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Ngram { get; init; } = 3;

    public override double Score(TextResponse answer)
    {
        var words = WordSplitter.Split(answer.Text.ToLowerInvariant());
        var all = words.Length - Ngram + 1;
        if (all <= 0)
            return 0;
        var different = Enumerable.Range(0, all).Select(at => string.Join(' ', words, at, Ngram)).Distinct(StringComparer.Ordinal).Count();
        return different / (double)all - 1;
    }
}
