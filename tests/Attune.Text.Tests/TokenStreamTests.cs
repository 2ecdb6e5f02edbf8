namespace Attune.Text.Tests;

public sealed class TokenStreamTests
{
    [Fact]
    public void StreamingGivesTheTextOfBatchDecoding()
    {
        var tokenizer = TinyTokenizer.Trained;
        var random = new Random(3);
        foreach (var text in HostileText.Examples.Concat(Enumerable.Range(0, 200).Select(i => HostileText.Random(random, i))))
        {
            var ids = tokenizer.Encode(text);
            Assert.Equal(tokenizer.Decode(ids), Streamed(tokenizer, ids));
        }
    }

    [Fact]
    public void StreamingAnyIdsGivesTheTextOfBatchDecoding()
    {
        var tokenizer = TinyTokenizer.Trained;
        var random = new Random(4);
        for (var i = 0; i < 500; i++)
        {
            int[] ids = [.. Enumerable.Range(0, i % 50).Select(_ => random.Next(tokenizer.VocabularySize + 5))];
            Assert.Equal(tokenizer.Decode(ids), Streamed(tokenizer, ids));
            Assert.Equal(tokenizer.Decode(ids, skipSpecialTokens: true), Streamed(tokenizer, ids, skipSpecialTokens: true));
        }
    }

    [Fact]
    public void NothingIsGivenOutInTheMiddleOfACharacter()
    {
        var tokenizer = TinyTokenizer.Trained;
        var stream = tokenizer.NewDecodeStream();
        Assert.Equal([null, null, null, "🙂"], tokenizer.Encode("🙂").Select(stream.Step));
    }

    [Fact]
    public void FinishingGivesOutWhatIsHeldBack()
    {
        var tokenizer = TinyTokenizer.Trained;
        var stream = tokenizer.NewDecodeStream();
        Assert.Null(stream.Step(tokenizer.Encode("é")[0]));
        Assert.Equal("\uFFFD", stream.Finish());
        Assert.Null(stream.Finish());
        Assert.Equal("a", stream.Step(tokenizer.Encode("a")[0]));
    }

    static string Streamed(Tokenizer tokenizer, int[] ids, bool skipSpecialTokens = false)
    {
        var stream = tokenizer.NewDecodeStream(skipSpecialTokens);
        return string.Concat(ids.Select(stream.Step)) + stream.Finish();
    }
}
