using System.Text.Json.Nodes;

namespace Attune.Text.Tests;

public sealed class WordPieceTests
{
    [Theory]
    [InlineData("abc", "ab|##c")]
    [InlineData("ab", "ab")]
    [InlineData("aab", "a|##ab")]
    [InlineData("abx", "[UNK]")]
    [InlineData("c", "[UNK]")]
    [InlineData("##c", "##c")]
    [InlineData("aaaa", "a|##a|##a|##a")]
    [InlineData("aaaaa", "[UNK]")]
    public void TheLongestPieceFromTheLeftIsTaken(string word, string tokens) =>
        Assert.Equal(tokens, string.Join('|', TinyTokenizer.Tokens(Json("WordPiece"), word)));

    [Theory]
    [InlineData("ab", "ab")]
    [InlineData("aab", "[UNK]")]
    public void WordLevelKnowsWholeWordsOnly(string word, string tokens) =>
        Assert.Equal(tokens, string.Join('|', TinyTokenizer.Tokens(Json("WordLevel"), word)));

    [Fact]
    public void AnUnknownTokenOutsideTheVocabularyIsAnErrorWhereItIsNeeded()
    {
        foreach (var model in new[] { "WordPiece", "WordLevel" })
        {
            var json = Json(model);
            json["model"]!["unk_token"] = "<none>";
            Assert.Equal([3], TinyTokenizer.Parse(json).Encode("ab"));
            Assert.Contains("<none>", Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json).Encode("xyz")).Message);
        }
    }

    static JsonObject Json(string model)
    {
        var json = TinyTokenizer.Json(["[UNK]", "a", "b", "ab", "##a", "##ab", "##c"]);
        json["model"]!["type"] = model;
        json["model"]!["unk_token"] = "[UNK]";
        json["model"]!["max_input_chars_per_word"] = 4;
        return json;
    }
}
