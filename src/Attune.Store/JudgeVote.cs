namespace Attune.Store;

/// <summary>What a judge, a model that compares responses, said about two responses of an item in one order.</summary>
/// <param name="Item">The item.</param>
/// <param name="Judge">The judge, a person with <see cref="SpecialPerson.Judge"/>.</param>
/// <param name="Shown">The place of the response that the judge read first.</param>
/// <param name="Other">The place of the other response.</param>
/// <param name="Preference">The probability that the first is better; ½ for a tie.</param>
public sealed record JudgeVote(long Item, long Judge, int Shown, int Other, double Preference)
{
    /// <summary>When it was given.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>1 where the response that was shown first is better, −1 where the other is, 0 for a tie.</summary>
    public int Sign => Math.Sign(Preference - 0.5);
}

/// <summary>What a judge decided about two responses.</summary>
/// <param name="Item">The item.</param>
/// <param name="Judge">The judge.</param>
/// <param name="First">The smaller place.</param>
/// <param name="Second">The larger place.</param>
/// <param name="Sign">
/// 1 where the first is better, −1 where the second is, 0 for a tie. A judge that contradicts itself in the two orders has decided for a
/// tie. Zheng et al. 2023, https://arxiv.org/abs/2306.05685
/// </param>
/// <param name="IsConsistent">Whether both orders had the same result; null where only one was asked.</param>
public sealed record JudgeDecision(long Item, long Judge, int First, int Second, int Sign, bool? IsConsistent)
{
    /// <summary>The decisions that votes add up to.</summary>
    public static IEnumerable<JudgeDecision> FromVotes(IEnumerable<JudgeVote> votes) =>
        from vote in votes
        group vote by (vote.Item, vote.Judge, First: Math.Min(vote.Shown, vote.Other), Second: Math.Max(vote.Shown, vote.Other)) into pair
        let signs = pair.Select(vote => vote.Shown == pair.Key.First ? vote.Sign : -vote.Sign).ToList()
        select new JudgeDecision(pair.Key.Item, pair.Key.Judge, pair.Key.First, pair.Key.Second,
            signs.Contains(1) == signs.Contains(-1) ? 0 : signs.Contains(1) ? 1 : -1,
            signs.Count < 2 ? null : signs[0] == signs[1]);

    /// <summary>
    /// The ranks of an item's responses by how many others each beats minus how many beat it (Copeland), which is the order of the
    /// decisions where they do not form a cycle; null for a response that was not compared.
    /// </summary>
    public static IReadOnlyList<int?> Ranks(IEnumerable<JudgeDecision> decisions, int responses)
    {
        var standings = new int?[responses];
        foreach (var decision in decisions)
        {
            standings[decision.First] = (standings[decision.First] ?? 0) - decision.Sign;
            standings[decision.Second] = (standings[decision.Second] ?? 0) + decision.Sign;
        }
        return AnnotationRules.WithoutGaps(standings);
    }
}
