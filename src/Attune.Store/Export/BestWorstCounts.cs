namespace Attune.Store.Export;

/// <summary>How often the responses to a prompt were chosen as best and as worst, over all subsets of them.</summary>
/// <param name="group">The <see cref="Subset.Group"/>; null for an item whose responses are shown together.</param>
/// <param name="item">The first of the items.</param>
/// <param name="responses">The number of responses.</param>
sealed class BestWorstCounts(string? group, ExportedItem item, int responses)
{
    readonly (string Text, string? Source)[] answers = new (string, string?)[responses];
    readonly int[] shown = new int[responses], best = new int[responses], worst = new int[responses];

    public ExportedItem Item => item;

    public bool IsOf(string? otherGroup) => group is not null && group == otherGroup;

    /// <summary>Adds the votes on one subset.</summary>
    public void Add(ItemComparisons comparisons, IReadOnlyList<int> places)
    {
        for (var i = 0; i < places.Count; i++)
        {
            var place = places[i];
            answers[place] = comparisons.Item.Answers[i];
            foreach (var vote in comparisons.Rankings)
                if (vote.Ranks is { } ranks)
                {
                    shown[place]++;
                    best[place] += ranks[i] == ranks.Min() ? 1 : 0;
                    worst[place] += ranks[i] == ranks.Max() ? 1 : 0;
                }
        }
    }

    /// <summary>
    /// The responses that were shown, each with its score: (best − worst) / shown, from −1 to 1. Louviere, Flynn and Marley 2015,
    /// Best-Worst Scaling, Cambridge University Press.
    /// </summary>
    public IReadOnlyList<(string Text, string? Source, double Score)> Scores() =>
        [.. Enumerable.Range(0, responses).Where(place => shown[place] > 0).Select(place =>
            (answers[place].Text, answers[place].Source, (best[place] - worst[place]) / (double)shown[place]))];
}
