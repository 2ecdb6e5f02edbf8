namespace Attune.Data.Tests;

public sealed class PackingTests
{
    [Fact]
    public void DocumentsStandOneBehindTheOtherInRowsOfOneLength()
    {
        var rows = Packing.Wrap([[1, 2, 3], [4, 5, 6, 7], [8]], 3).ToList();
        Assert.Equal([[1, 2, 3], [4, 5, 6], [7, 8]], rows.Select(row => row.Tokens));
        Assert.Equal([[0, 0, 0], [0, 0, 0], [0, 1]], rows.Select(row => row.Segments));
    }

    [Fact]
    public void TheFirstTokenOfADocumentIsNeverPredictedFromTheOneBefore()
    {
        var row = Assert.Single(Packing.Wrap([[1, 2], [3, 4, 5]], 8));
        Assert.Equal([false, true, false, true, true], Enumerable.Range(0, 5).Select(row.IsTarget));
        Assert.Equal(3, row.LearnedCount);
    }

    [Fact]
    public void NoTokenIsLostButALastOneAlone()
    {
        var documents = Enumerable.Range(1, 40).Select(n => Enumerable.Repeat(n, n % 7 + 1).ToArray()).ToList();
        Assert.Equal(documents.SelectMany(document => document), Packing.Wrap(documents, 6).SelectMany(row => row.Tokens).Concat(Lost(documents, 6)));
    }

    static IEnumerable<int> Lost(List<int[]> documents, int length) =>
        documents.Sum(document => document.Length) % length == 1 ? [documents[^1][^1]] : [];
}
