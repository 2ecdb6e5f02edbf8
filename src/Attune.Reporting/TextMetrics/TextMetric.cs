namespace Attune.Reporting.TextMetrics;

/// <summary>A response with the references that it is compared with.</summary>
/// <param name="Response">The text that a model wrote.</param>
/// <param name="References">Texts that are right; at least one.</param>
public sealed record ReferencedText(string Response, IReadOnlyList<string> References)
{
    /// <summary>The table that the response describes, for metrics that need one.</summary>
    public IReadOnlyList<TableEntry> Table { get; init; } = [];
}

/// <summary>An entry of a table.</summary>
/// <param name="Attribute">What the value is, such as "name".</param>
/// <param name="Value">A text that is not empty.</param>
public sealed record TableEntry(string Attribute, string Value);

/// <summary>
/// A metric that compares responses with references. Metrics are shares from 0 to 1, also where their reference implementation prints
/// percent; exceptions are named in their summaries.
/// </summary>
public abstract record TextMetric
{
    /// <summary>Whether a lower number is better.</summary>
    public virtual bool LowerIsBetter => false;

    /// <summary>Whether each response needs a table.</summary>
    public virtual bool NeedsTable => false;

    /// <summary>The score of each response.</summary>
    public abstract IReadOnlyList<double> Scores(IReadOnlyList<ReferencedText> texts);

    /// <summary>
    /// The score of any selection of the responses, in which one may be repeated: the mean, unless the metric is defined for a corpus.
    /// </summary>
    /// <param name="texts">At least one response.</param>
    /// <returns>A function of the indices of the selected responses.</returns>
    public virtual Func<IReadOnlyList<int>, double> OfSelections(IReadOnlyList<ReferencedText> texts)
    {
        var scores = Scores(texts);
        return rows => rows.Average(row => scores[row]);
    }

    /// <summary>The score of one response.</summary>
    public double Score(string response, params IReadOnlyList<string> references) => Scores([new(response, references)])[0];
}

/// <summary>A metric that scores each response by itself.</summary>
public abstract record ResponseMetric : TextMetric
{
    public sealed override IReadOnlyList<double> Scores(IReadOnlyList<ReferencedText> texts) => [.. texts.Select(Score)];

    protected abstract double Score(ReferencedText text);

    /// <summary>The score of the reference that the response is nearest to.</summary>
    /// <param name="text">The response with its references.</param>
    /// <param name="words">Divides a text into words.</param>
    /// <param name="score">The score of the response's words and a reference's words.</param>
    protected static double Best(ReferencedText text, Func<string, string[]> words, Func<string[], string[], double> score)
    {
        var response = words(text.Response);
        return text.References.Max(reference => score(response, words(reference)));
    }
}

/// <summary>A metric of counts, which are added over the responses of a corpus before the score is computed.</summary>
public abstract record CountMetric : TextMetric
{
    public sealed override IReadOnlyList<double> Scores(IReadOnlyList<ReferencedText> texts) =>
        [.. texts.Select(text => ScoreOf(Counts(text), isCorpus: false))];

    public sealed override Func<IReadOnlyList<int>, double> OfSelections(IReadOnlyList<ReferencedText> texts)
    {
        double[][] counts = [.. texts.Select(Counts)];
        return rows =>
        {
            var sums = new double[counts[0].Length];
            foreach (var row in rows)
                for (var i = 0; i < sums.Length; i++)
                    sums[i] += counts[row][i];
            return ScoreOf(sums, isCorpus: true);
        };
    }

    protected abstract double[] Counts(ReferencedText text);

    /// <param name="counts">The counts of one response, or their sums over a corpus.</param>
    /// <param name="isCorpus">Whether they are sums.</param>
    protected abstract double ScoreOf(double[] counts, bool isCorpus);
}
