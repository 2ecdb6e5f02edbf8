using Attune.Text.Trainers;

namespace Attune.Text.Tests;

public sealed class BytePairTrainerTests
{
    [Fact]
    public void AFreshTokenizerHasEndOfTextAndADistinctPad()
    {
        var tokenizer = BytePairTrainer.Train(["some text"], new() { VocabularySize = 300 });
        Assert.Equal(tokenizer.TokenToId("<|endoftext|>"), tokenizer.EosId);
        Assert.Equal(tokenizer.EosId, tokenizer.BosId);
        Assert.Equal(tokenizer.TokenToId("<|pad|>"), tokenizer.PadId);
        Assert.NotEqual(tokenizer.EosId, tokenizer.PadId);
        Assert.Null(tokenizer.UnkId);
    }

    [Fact]
    public void SpecialTokensComeFirstAndAreFoundInText()
    {
        var tokenizer = BytePairTrainer.Train(["<a><b><a><b>"], new()
        {
            VocabularySize = 270,
            SpecialTokens = ["<b>", "<a>"],
            BosToken = null,
            EosToken = "<a>",
            PadToken = null,
        });
        Assert.Equal([1, 0, 0], tokenizer.Encode("<a><b><b>"));
        Assert.Equal("", tokenizer.Decode([1, 0, 0], skipSpecialTokens: true));
        Assert.True(tokenizer.IsSpecial(0));
        Assert.False(tokenizer.IsSpecial(5));
    }

    [Fact]
    public void TheVocabularyIsAsLargeAsAskedOrAsTheTextAllows()
    {
        var text = string.Join(' ', Enumerable.Range(1000, 500));
        Assert.Equal(300, BytePairTrainer.Train([text], new() { VocabularySize = 300 }).VocabularySize);
        Assert.Equal(258 + 1, BytePairTrainer.Train(["ab ab"], new() { VocabularySize = 300 }).VocabularySize);
    }

    [Fact]
    public void TrainingTwiceGivesTheSameTokenizer()
    {
        string[] texts = ["one two three two one", "three three two"];
        string Json()
        {
            using var folder = new Testing.TemporaryFolder();
            BytePairTrainer.Train(texts).Save(folder.Path);
            return File.ReadAllText(folder.File("tokenizer.json"));
        }
        Assert.Equal(Json(), Json());
    }

    [Fact]
    public void EverythingCanBeEncodedWhenTheAlphabetIsWhole()
    {
        var tokenizer = BytePairTrainer.Train([], new() { VocabularySize = 258 });
        foreach (var text in HostileText.Examples)
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void ASpecialTokenThatIsNotListedIsAnError()
    {
        var message = Assert.Throws<InvalidDataException>(() => BytePairTrainer.Train(["a"], new() { SpecialTokens = ["<eos>"] })).Message;
        Assert.Contains("BosToken must be one of SpecialTokens", message);
    }

    [Fact]
    public void ABadPatternIsAnErrorBeforeAnythingIsRead() =>
        Assert.Throws<InvalidDataException>(() => BytePairTrainer.Train(Unread(), new() { Split = "(" }));

    [Fact]
    public void TrainingStopsWhenCancelled()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => BytePairTrainer.Train(["a"], new(), source.Token));
    }

    [Fact]
    public void AChatTemplateTravelsWithTheTokenizer()
    {
        var tokenizer = BytePairTrainer.Train(["a"], new() { VocabularySize = 258, ChatTemplate = ChatTemplate.ChatMl });
        Assert.Equal(ChatTemplate.ChatMl, tokenizer.ChatTemplate);
    }

    static IEnumerable<string> Unread()
    {
        Assert.Fail("the texts were read");
        yield break;
    }
}
