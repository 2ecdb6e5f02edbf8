using Attune.Data.Agreement;

namespace Attune.Store;

/// <summary>Statistics of a judge in a project.</summary>
/// <param name="Judge">The judge.</param>
/// <param name="Pairs">How many pairs of responses it has decided.</param>
/// <param name="Agreement">
/// The share of people's preferences that equal the judge's, where both prefer one of two responses; null where there is none.
/// </param>
/// <param name="First">Of its answers with a preference: how often the response that it read first was better.</param>
/// <param name="Consistent">Of pairs that it was asked in both orders: how often both results were the same.</param>
/// <param name="Ties">Pairs that it decided as a tie, or in which it contradicted itself.</param>
public sealed record JudgeFigures(
    long Judge, int Pairs, Estimate? Agreement, Proportion First, Proportion Consistent, Proportion Ties)
{
    /// <summary>The statistics of every judge.</summary>
    /// <param name="votes">The judges' votes.</param>
    /// <param name="people">The decisions of people on the same question.</param>
    public static IReadOnlyList<JudgeFigures> Of(IReadOnlyList<JudgeVote> votes, ProjectAnnotations people) =>
        [.. votes.GroupBy(vote => vote.Judge).OrderBy(own => own.Key).Select(own => Of(own.Key, [.. own], people))];

    static JudgeFigures Of(long judge, List<JudgeVote> votes, ProjectAnnotations people)
    {
        var decisions = JudgeDecision.FromVotes(votes).ToList();
        var preferences = decisions.Where(decision => decision.Sign != 0).Select(decision => ProjectAnnotations.OfPair(
            decision.Item, judge, decision.First, decision.Second, decision.Sign));
        var decided = votes.Where(vote => vote.Sign != 0).ToList();
        var inBothOrders = decisions.Where(decision => decision.IsConsistent is not null).ToList();
        return new(judge, decisions.Count,
            OthersAgreement.ByRater(new(people.Preference().Concat(preferences))).GetValueOrDefault(judge),
            new(decided.Count(vote => vote.Sign > 0), decided.Count),
            new(inBothOrders.Count(decision => decision.IsConsistent == true), inBothOrders.Count),
            new(decisions.Count(decision => decision.Sign == 0), decisions.Count));
    }
}
