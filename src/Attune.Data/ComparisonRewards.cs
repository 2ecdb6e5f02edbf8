namespace Attune.Data;

/// <summary>Rewards of compared responses.</summary>
public static class ComparisonRewards
{
    /// <summary>
    /// The responses of a comparison with their scores as rewards; without scores, the reward of a response is the share of its
    /// comparisons that it wins, from 0 to 1. A response without a comparison is left out.
    /// </summary>
    /// <exception cref="InvalidDataException">The example has no comparisons.</exception>
    public static IReadOnlyList<RewardedExample> Of(Example example)
    {
        var (set, count) = example switch
        {
            ComparisonExample texts => (texts.Comparisons, texts.Completions.Count),
            ChatComparisonExample chat => (chat.Comparisons, chat.Completions.Count),
            _ => throw new InvalidDataException(
                $"{example.Origin}: the example has no rewards (`prompt`, `completion` and `reward`; or compared responses)"),
        };
        return [.. from index in Enumerable.Range(0, count)
            let reward = set.Scores is { } scores ? scores[index] : ShareWon(set, index)
            where reward is not null
            select new RewardedExample(example.Origin, PairSides.Response(example, index), [reward.Value]) { Row = example.Row }];
    }

    static double? ShareWon(ComparisonSet set, int response)
    {
        double[] shares = [.. set.Comparisons.Where(pair => pair.Chosen == response || pair.Rejected == response)
            .Select(pair => pair.Chosen == response ? pair.Share : 1 - pair.Share)];
        return shares.Length > 0 ? shares.Average() : null;
    }
}
