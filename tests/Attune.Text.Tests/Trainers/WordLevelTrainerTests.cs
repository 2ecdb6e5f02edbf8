using Attune.Text.Trainers;

namespace Attune.Text.Tests;

public sealed class WordLevelTrainerTests
{
    [Fact]
    public void TrainCharacters_MostFrequentFirst_EncodesAndDecodesWithoutLoss()
    {
        var tokenizer = WordLevelTrainer.TrainCharacters(["abca\n", "aé😀"]);
        Assert.Equal(
            ["<|endoftext|>", "<|pad|>", "<|unknown|>", "a", "\n", "b", "c", "é", "😀"],
            Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IdToToken));
        Assert.Equal([3, 8, 7, 4], tokenizer.Encode("a😀é\n"));
        Assert.Equal("a😀é\n", tokenizer.Decode([3, 8, 7, 4]));
        Assert.Equal((0, 1, 2), (tokenizer.EosId, tokenizer.PadId, tokenizer.UnkId));
    }

    [Fact]
    public void TrainWords_WordWithTheSpaceBeforeIt_IsOneToken()
    {
        var tokenizer = WordLevelTrainer.TrainWords(["1 2 3 2\n3 2"]);
        Assert.Equal([" 2", "\n", " 3", "1", "3"], Enumerable.Range(3, 5).Select(tokenizer.IdToToken));
        Assert.Equal([6, 3, 4, 7, 5], tokenizer.Encode("1 2\n3 3"));
        Assert.Equal("1 2\n3 3", tokenizer.Decode(tokenizer.Encode("1 2\n3 3")));
    }

    [Fact]
    public void Encode_UnknownWord_IsTheUnknownToken() =>
        Assert.Equal([3, 2], WordLevelTrainer.TrainWords(["up"]).Encode("up down"));

    [Fact]
    public void Train_VocabularySize_KeepsTheMostFrequent() =>
        Assert.Equal([3, 4, 2], WordLevelTrainer.TrainCharacters(["aaabbc"], vocabularySize: 5).Encode("abc"));
}
