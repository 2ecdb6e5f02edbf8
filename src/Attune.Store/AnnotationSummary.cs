namespace Attune.Store;

/// <summary>An annotation without its texts, for statistics.</summary>
public sealed record AnnotationSummary
{
    public long Item { get; init; }

    public ItemKind Kind { get; init; }

    public long Person { get; init; }

    public bool Adjudicates { get; init; }

    public Outcome Outcome { get; init; }

    /// <summary>As in <see cref="AnnotationResult.Ranks"/>, by place.</summary>
    public IReadOnlyList<int?>? Ranks { get; init; }

    public int? Strength { get; init; }

    /// <summary>As in <see cref="AnnotationResult.Ratings"/>, by place.</summary>
    public IReadOnlyList<int?>? Ratings { get; init; }

    /// <summary>The places of the responses in the order in which they were shown.</summary>
    public required IReadOnlyList<int> Shown { get; init; }

    public double Seconds { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>
    /// All pairs of places that it compares, the smaller place first: 1 where the first is better, −1 where the second is, 0 for a tie.
    /// When all responses are bad, every pair is 0. Of a best–worst choice, pairs without the best and the worst response are not compared.
    /// </summary>
    public IEnumerable<(int First, int Second, int Sign)> Pairs()
    {
        for (var second = 1; second < Shown.Count; second++)
            for (var first = 0; first < second; first++)
                if (Worth(first) is { } a && Worth(second) is { } b && (a != b || Outcome != Outcome.BestWorst))
                    yield return (first, second, Math.Sign(a - b));
    }

    /// <summary>Whether the annotator saw the response at one place before that at another.</summary>
    public bool ShowsFirst(int place, int other)
    {
        foreach (var shown in Shown)
            if (shown == place || shown == other)
                return shown == place;
        return false;
    }

    /// <summary>The places of the single best and the single worst response; null where several share first or last rank.</summary>
    public (int Best, int Worst)? Extremes()
    {
        var (best, worst) = (new Extreme(), new Extreme());
        for (var place = 0; place < Shown.Count; place++)
            if (Worth(place) is { } worth)
            {
                best.Add(place, worth);
                worst.Add(place, -worth);
            }
        return best.IsAlone && worst.IsAlone && best.Place != worst.Place ? (best.Place, worst.Place) : null;
    }

    /// <summary>The place of the largest worth so far.</summary>
    struct Extreme()
    {
        int largest;

        public int Place { get; private set; }

        /// <summary>Whether one place has the largest worth, and no other.</summary>
        public bool IsAlone { get; private set; }

        bool isEmpty = true;

        public void Add(int place, int worth)
        {
            if (isEmpty || worth > largest)
                (isEmpty, largest, Place, IsAlone) = (false, worth, place, true);
            else if (worth == largest)
                IsAlone = false;
        }
    }

    /// <summary>Larger is better; null where the response was neither ranked nor rated.</summary>
    int? Worth(int place) => Outcome switch
    {
        Outcome.Ranked or Outcome.BestWorst => -Ranks![place],
        Outcome.Rated => Ratings![place],
        Outcome.AllBad => 0,
        _ => null,
    };
}
