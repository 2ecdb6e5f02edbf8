namespace Attune.Data.Tests;

public sealed class ParallelBlocksTests
{
    [Fact]
    public void Convert_BlocksEndInAnyOrder_KeepsTheirOrder() => Assert.Equal(
        Enumerable.Range(0, 50).Select(block => block * 2),
        ParallelBlocks.Convert(Enumerable.Range(0, 50), block =>
        {
            Thread.Sleep(block % 3);
            return block * 2;
        }));

    [Fact]
    public void Convert_SeveralErrors_ThrowsTheFirst()
    {
        var results = new List<int>();
        var error = Assert.Throws<InvalidDataException>(() => results.AddRange(ParallelBlocks.Convert(Numbers(), block =>
        {
            if (block == 1)
                Thread.Sleep(20);
            return block is 1 or 2 ? throw new InvalidDataException($"block {block}") : block;
        })));
        Assert.Equal("block 1", error.Message);

        static IEnumerable<int> Numbers()
        {
            for (var block = 0; block < 3; block++)
                yield return block;
            throw new InvalidDataException("the sequence");
        }
    }
}
