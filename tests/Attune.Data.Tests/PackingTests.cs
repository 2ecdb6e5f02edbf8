namespace Attune.Data.Tests;

public sealed class PackingTests
{
    [Fact]
    public void EachDocumentGoesWhereItLeavesTheLeastRoom()
    {
        var rows = Packing.BestFit([[1, 1], [2, 2, 2], [3, 3, 3, 3], [4, 4]], 6);
        Assert.Equal([[3, 3, 3, 3, 1, 1], [2, 2, 2, 4, 4]], rows.Select(row => row.Tokens));
        Assert.Equal([[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1]], rows.Select(row => row.Segments));
    }

    [Fact]
    public void TheFirstTokenOfADocumentIsNeverPredictedFromTheOneBefore()
    {
        var row = Assert.Single(Packing.BestFit([[1, 2], [3, 4, 5]], 8));
        Assert.Equal([3, 4, 5, 1, 2], row.Tokens);
        Assert.Equal([false, true, true, false, true], Enumerable.Range(0, 5).Select(row.IsTarget));
        Assert.Equal(3, row.TargetCount);
    }

    [Fact]
    public void DocumentsLongerThanARowAreCutAndALastTokenAloneIsLeftOut()
    {
        var rows = Packing.BestFit([[1, 2, 3, 4, 5, 6, 7], [8, 9]], 3);
        Assert.Equal([[1, 2, 3], [4, 5, 6], [8, 9]], rows.Select(row => row.Tokens));
    }

    [Fact]
    public void NoDocumentIsCutThatFits()
    {
        var documents = Enumerable.Range(1, 40).Select(n => Enumerable.Repeat(n, n % 7 + 2).ToArray()).ToList();
        var rows = Packing.BestFit(documents, 10);
        Assert.Equal(documents.SelectMany(document => document).Order(), rows.SelectMany(row => row.Tokens).Order());
        Assert.All(rows, row => Assert.Equal(row.Tokens.Distinct().Count(), row.Segments!.Distinct().Count()));
        Assert.All(rows, row => Assert.InRange(row.Tokens.Length, 2, 10));
        Assert.InRange(rows.Count, documents.Sum(document => document.Length) / 10, documents.Sum(document => document.Length) / 10 + 2);
    }
}
