using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>
/// Minus the share of repeated n-grams of words: −(1 − distinct / all). Yeo et al. 2025, appendix on the repetition
/// penalty, https://arxiv.org/abs/2502.03373.
/// </summary>
public sealed record RepetitionReward : RuleReward
{
    public override string Kind => "repetition";

    /// <summary>n, the words of an n-gram; the case of letters is ignored.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Ngram { get; init; } = 3;

    public override double Score(TextResponse answer)
    {
        var words = WordSplitter.Split(answer.Text.ToLowerInvariant());
        var all = words.Length - Ngram + 1;
        if (all <= 0)
            return 0;
        var distinct = Enumerable.Range(0, all).Select(first => string.Join(' ', words, first, Ngram)).Distinct(StringComparer.Ordinal)
            .Count();
        return distinct / (double)all - 1;
    }
}
