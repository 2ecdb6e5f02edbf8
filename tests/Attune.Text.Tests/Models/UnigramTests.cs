using System.Text.Json.Nodes;

namespace Attune.Text.Tests;

public sealed class UnigramTests
{
    [Fact]
    public void TheWayOfTheHighestSumOfScoresIsTaken()
    {
        var json = Json(("<unk>", 0), ("a", -1), ("b", -1), ("ab", -1.5), ("c", -3), ("bc", -3.2), ("abc", -5));
        Assert.Equal(["ab"], TinyTokenizer.Tokens(json, "ab"));               // −1.5 against −2
        Assert.Equal(["a", "bc"], TinyTokenizer.Tokens(json, "abc"));         // −4.2 against −4.5 and −5
    }

    [Fact]
    public void UnknownCharactersInARowAreOneTokenThatShowsThem()
    {
        var encoding = TinyTokenizer.Parse(Json(("<unk>", 0), ("a", -1))).EncodeFull("x🙂ay");
        Assert.Equal([0, 1, 0], encoding.Ids);
        Assert.Equal(["x🙂", "a", "y"], encoding.Tokens);
        Assert.Equal([new(0, 2), new(2, 3), new(3, 4)], encoding.Offsets);
    }

    [Fact]
    public void UnknownCharactersAreSpelledInBytesWhenAllBytesAreThere()
    {
        var json = Json(("<unk>", 0), ("a", -1), ("<0xC3>", -2), ("<0xA9>", -2));
        json["model"]!["byte_fallback"] = true;
        var encoding = TinyTokenizer.Parse(json).EncodeFull("aéüa");
        Assert.Equal(["a", "éü", "a"], encoding.Tokens);
        encoding = TinyTokenizer.Parse(json).EncodeFull("aéé");
        Assert.Equal([1, 2, 3, 2, 3], encoding.Ids);
        Assert.Equal([new(0, 1), new(1, 3), new(1, 3), new(1, 3), new(1, 3)], encoding.Offsets);
    }

    [Fact]
    public void WithoutAnUnknownTokenUnknownCharactersAreAnError()
    {
        var json = Json(("a", -1));
        json["model"]!["unk_id"] = null;
        Assert.Equal([0, 0], TinyTokenizer.Parse(json).Encode("aa"));
        Assert.Contains("unk_id", Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json).Encode("ab")).Message);
    }

    [Theory]
    [InlineData("vocab", """[["a"]]""", "model.vocab[0]")]
    [InlineData("vocab", """[["a", "b"]]""", "model.vocab[0][1]")]
    [InlineData("unk_id", "1", "an id below 1")]
    public void WhatIsWrongIsSaidWithItsPlace(string key, string value, string said)
    {
        var json = Json(("a", -1));
        json["model"]![key] = JsonNode.Parse(value);
        Assert.Contains(said, Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json)).Message);
    }

    static JsonObject Json(params (string Token, double Score)[] entries)
    {
        var json = TinyTokenizer.Json([]);
        json["model"] = new JsonObject
        {
            ["type"] = "Unigram",
            ["unk_id"] = 0,
            ["vocab"] = new JsonArray([.. entries.Select(entry => new JsonArray(entry.Token, entry.Score))]),
        };
        return json;
    }
}
