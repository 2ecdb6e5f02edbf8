using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Attune.Text.Tests;

public sealed class BytePairTests
{
    [Fact]
    public void TheMergeOfLowestRankGoesFirstAndTheLeftmostOfEqualOnes()
    {
        var json = TinyTokenizer.Json(["a", "b", "ab", "aa", "aab"], "a b", "a a", "a ab");
        Assert.Equal(["aab"], TinyTokenizer.Tokens(json, "aab"));
        Assert.Equal(["aa", "a"], TinyTokenizer.Tokens(json, "aaa"));
    }

    [Fact]
    public void WordsOfAnyLengthAreMergedAsThePaperSays()
    {
        var random = new Random(3);
        string[] merges = ["a b", "b a", "ab a", "a a", "aa ab", "c ab", "ba c", "aba aba", "aaab c", "cab cab"];
        var json = TinyTokenizer.Json(["a", "b", "c", .. merges.Select(merge => merge.Replace(" ", ""))], merges);
        for (var length = 1; length <= 100; length++)
        {
            var word = string.Concat(Enumerable.Range(0, length).Select(_ => "abc"[random.Next(3)]));
            Assert.Equal(Textbook(word, merges), TinyTokenizer.Tokens(json, word));
        }
    }

    static List<string> Textbook(string word, string[] merges)
    {
        var tokens = word.Select(letter => letter.ToString()).ToList();
        while (merges.FirstOrDefault(merge => At(merge) >= 0) is { } first)
        {
            var at = At(first);
            tokens[at] += tokens[at + 1];
            tokens.RemoveAt(at + 1);
        }
        return tokens;

        int At(string merge) => Enumerable.Range(0, tokens.Count - 1).FirstOrDefault(i => $"{tokens[i]} {tokens[i + 1]}" == merge, -1);
    }

    [Fact]
    public void BothFormsOfMergesAreRead()
    {
        var json = TinyTokenizer.Json(["a", " ", "a a"]);
        json["model"]!["merges"] = new JsonArray(new JsonArray("a", " a"));
        json["model"]!["vocab"]![" a"] = 3;
        json["model"]!["merges"]!.AsArray().Insert(0, new JsonArray(" ", "a"));
        Assert.Equal(["a a"], TinyTokenizer.Tokens(json, "a a"));
    }

    [Fact]
    public void AWordOfTheVocabularyIsOneTokenWhenMergesAreIgnored()
    {
        var json = TinyTokenizer.Json(["a", "b", "aba"]);
        Assert.Equal(["a", "b", "a"], TinyTokenizer.Tokens(json, "aba"));
        json["model"]!["ignore_merges"] = true;
        Assert.Equal(["aba"], TinyTokenizer.Tokens(json, "aba"));
    }

    [Fact]
    public void UnknownCharactersBecomeTheUnknownTokenFusedWhenAsked()
    {
        var json = TinyTokenizer.Json(["<unk>", "a"]);
        Assert.Equal(["a", "a"], TinyTokenizer.Tokens(json, "xaxxa"));
        json["model"]!["unk_token"] = "<unk>";
        Assert.Equal(["<unk>", "a", "<unk>", "<unk>", "a"], TinyTokenizer.Tokens(json, "xaxxa"));
        json["model"]!["fuse_unk"] = true;
        var encoding = TinyTokenizer.Parse(json).EncodeFull("xaéxa");
        Assert.Equal(["<unk>", "a", "<unk>", "a"], encoding.Tokens);
        Assert.Equal([new(0, 1), new(1, 2), new(2, 4), new(4, 5)], encoding.Offsets);
    }

    [Fact]
    public void UnknownCharactersAreSpelledInBytesWhenAsked()
    {
        var json = TinyTokenizer.Json(["a", "<0xC3>", "<0xA9>"]);
        json["model"]!["byte_fallback"] = true;
        var encoding = TinyTokenizer.Parse(json).EncodeFull("aéa");
        Assert.Equal(["a", "<0xC3>", "<0xA9>", "a"], encoding.Tokens);
        Assert.Equal([new(0, 1), new(1, 2), new(1, 2), new(2, 3)], encoding.Offsets);
    }

    [Fact]
    public void PrefixAndSuffixMarkWhereInTheWordACharacterStands()
    {
        var json = TinyTokenizer.Json(["a", "##b", "##c</w>", "ab", "abc</w>"], "a ##b", "ab ##c</w>");
        json["model"]!["continuing_subword_prefix"] = "##";
        json["model"]!["end_of_word_suffix"] = "</w>";
        Assert.Equal(["abc</w>"], TinyTokenizer.Tokens(json, "abc"));
    }

    [Fact]
    public void AnUnknownTokenOutsideTheVocabularyIsAnErrorWhereItIsNeeded()
    {
        var json = TinyTokenizer.Json(["a"]);
        json["model"]!["unk_token"] = "<unk>";
        var tokenizer = TinyTokenizer.Parse(json);
        Assert.Equal([0], tokenizer.Encode("a"));
        Assert.Contains("<unk>", Assert.Throws<InvalidDataException>(() => tokenizer.Encode("b")).Message);
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("<")]
    [InlineData("é")]
    [InlineData("e\u0301")]
    [InlineData("<|endoftext|")]
    [InlineData("the ")]
    public void MegabytesOfOneWordTakeSeconds(string repeated)
    {
        var text = string.Concat(Enumerable.Repeat(repeated, 1_000_000 / repeated.Length));
        var watch = Stopwatch.StartNew();
        var ids = TinyTokenizer.Trained.Encode(text);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"took {watch.Elapsed}");
        Assert.Equal(text, TinyTokenizer.Trained.Decode(ids));
    }
}
