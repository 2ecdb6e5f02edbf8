using Attune.Reporting.TextMetrics;

namespace Attune.Reporting.Tests;

static class Corpus
{
    /// <summary>The score of all responses together.</summary>
    public static double CorpusScore(this TextMetric metric, IReadOnlyList<ReferencedText> texts) =>
        metric.OfSelections(texts)([.. Enumerable.Range(0, texts.Count)]);
}
