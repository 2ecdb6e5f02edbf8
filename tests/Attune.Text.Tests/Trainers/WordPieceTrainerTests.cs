using Attune.Testing;
using Attune.Text.Trainers;

namespace Attune.Text.Tests;

public sealed class WordPieceTrainerTests
{
    static readonly string[] Texts = ["Hug hug pug pun bun hugs", "hug pug, pug pun bun bun bun hugs hugs Café"];

    [Fact]
    public void PiecesInsideOfAWordHaveAPrefixAndTheMostFrequentPairIsMergedFirst()
    {
        var tokenizer = WordPieceTrainer.Train(Texts, new() { VocabularySize = 27 });
        string[] alphabet = [",", "a", "b", "c", "e", "f", "g", "h", "n", "p", "s", "u"];
        string[] inside = ["##u", "##g", "##n", "##s", "##a", "##f", "##e"];
        string[] expected = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. alphabet, .. inside];
        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(id => tokenizer.IdToToken(id)));
        Assert.Equal("##ug", tokenizer.IdToToken(expected.Length));       // hug 3, hugs 3, pug 3: 9 times; ##un 6 times
        Assert.Equal("hug", tokenizer.IdToToken(expected.Length + 1));    // 6 times, as ##u ##n, whose ids are higher
        Assert.Equal("##un", tokenizer.IdToToken(expected.Length + 2));   // pun 2, bun 4
        Assert.Equal(27, tokenizer.VocabularySize);
    }

    [Fact]
    public void TextIsFramedAndTakenAsBertTakesIt()
    {
        var tokenizer = WordPieceTrainer.Train(Texts, new() { VocabularySize = 60 });
        var encoding = tokenizer.EncodeFull("HUGS, Café!", "bun");
        Assert.Equal(["[CLS]", "hugs", ",", "c", "##a", "##f", "##e", "[UNK]", "[SEP]", "bun", "[SEP]"], encoding.Tokens);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], encoding.TypeIds);
        Assert.Equal((0, 1, 2, 3, 4), (tokenizer.PadId, tokenizer.UnkId, tokenizer.ClsId, tokenizer.SepId, tokenizer.MaskId));
        Assert.Equal([4], tokenizer.Encode("[MASK]"));
        Assert.Equal("hugs, bun", tokenizer.Decode(tokenizer.Encode("Hugs, bun", addSpecialTokens: true), skipSpecialTokens: true));
    }

    [Fact]
    public void CapitalsStayWhenAsked()
    {
        var tokenizer = WordPieceTrainer.Train(["Hug Hug Café Café"], new() { VocabularySize = 60, Lowercase = false });
        Assert.Equal(["Hug", "Café"], tokenizer.EncodeFull("Hug Café", addSpecialTokens: false).Tokens);
    }

    [Fact]
    public void OnlyTheMostFrequentCharactersAreKnown()
    {
        var tokenizer = WordPieceTrainer.Train(["aaa bb c"], new() { VocabularySize = 30, MostLetters = 2 });
        Assert.Equal(["[UNK]"], tokenizer.EncodeFull("c", addSpecialTokens: false).Tokens);
        Assert.NotNull(tokenizer.TokenToId("b"));
    }

    [Fact]
    public void TrainingTwiceGivesTheSameTokenizerAndItLoadsAgain()
    {
        using var folder = new TemporaryFolder();
        WordPieceTrainer.Train(Texts).Save(folder.File("a"));
        WordPieceTrainer.Train(Texts).Save(folder.File("b"));
        Assert.Equal(File.ReadAllText(folder.File("a/tokenizer.json")), File.ReadAllText(folder.File("b/tokenizer.json")));
        Assert.Equal(4, Tokenizer.Load(folder.File("a")).MaskId);
    }
}
