using Attune.Torch;

namespace Attune.Training.Rewards;

/// <summary>Scores texts in batches of similar lengths.</summary>
static class LengthBatches
{
    const int RowsAtOnce = 16;

    /// <summary>The result for each text, in the order of the texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="length">The length of a text in tokens.</param>
    /// <param name="workers">Score batches in parallel.</param>
    /// <param name="score">Scores a batch.</param>
    public static TResult[] Map<T, TResult>(IReadOnlyList<T> texts, Func<T, int> length, IWorkers workers, Func<T[], TResult[]> score)
    {
        var results = new TResult[texts.Count];
        var parts = Enumerable.Range(0, texts.Count).OrderBy(row => length(texts[row])).Chunk(RowsAtOnce).ToList();
        foreach (var (rows, scored) in parts.Zip(workers.Map(parts, rows => score([.. rows.Select(row => texts[row])]))))
            foreach (var (row, result) in rows.Zip(scored))
                results[row] = result;
        return results;
    }
}
