using Attune.Testing;
using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

/// <summary>Comparisons in data files: ranks with ties and gaps, pairs, strength, votes.</summary>
public sealed class PreferenceTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TiedAndUnrankedAnswersMakeNoPair()
    {
        var ranking = Read("""{"prompt":"q","completions":["a","b","c","d"],"ranks":[1,0,1,null],"strength":2}""");
        Assert.Equal([new(1, 0) { Margin = 2 }, new(1, 2) { Margin = 2 }], ranking.Comparisons.Comparisons);
    }

    [Fact]
    public void APartialOrderIsAListOfPairsEachWithItsStrengthAndVotes()
    {
        var ranking =
            Read("""{"prompt":"q","completions":["a","b","c"],"pairs":[{"better":0,"worse":1,"strength":1.5},"""
            + """{"better":2,"worse":1,"votes":[1,3]}],"sources":["x","y","x"]}""");
        Assert.Equal([new(0, 1) { Margin = 1.5 }, new(1, 2) { Share = 0.75, Votes = 4 }], ranking.Comparisons.Comparisons);
        Assert.Equal(["x", "y", "x"], ranking.Comparisons.Sources!);
        Assert.Null(ranking.Comparisons.Ranks);
    }

    [Theory]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","margin":0.5}""", 0, 1.0, 0.5)]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","strength":"significantly better"}""", 0, 1.0, 3.0)]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","strength":"unsure"}""", 0, 1.0, 0.0)]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","votes":[7,3]}""", 0, 0.7, null)]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","label":0.25}""", 1, 0.75, null)]
    [InlineData("""{"chosen":"q a","rejected":"q b","votes":[0,2]}""", 1, 1.0, null)]
    public void APairHasAStrengthAndAShareOfPeople(string line, int better, double share, double? strength)
    {
        var pair = Assert.Single(Read(line).Comparisons.Comparisons);
        Assert.Equal((better, share, strength), (pair.Chosen, pair.Share, pair.Margin));
    }

    [Fact]
    public void CellsOfACsvFileHoldNumbersAndListsAndMayBeEmpty()
    {
        var rows = Dataset.Read(folder.Write("a.csv", "prompt,chosen,rejected,strength,votes\nq,a,b,1.5,\"[3,1]\"\nq,a,b,,\n"))
            .Cast<ComparisonExample>().Select(row => row.Comparisons.Comparisons[0]).ToList();
        Assert.Equal([new(0, 1) { Margin = 1.5, Share = 0.75, Votes = 4 }, new(0, 1)], rows);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("0", false)]
    [InlineData("-1", false)]
    [InlineData("\"Up\"", true)]
    [InlineData("\"thumbs_down\"", false)]
    [InlineData("\"👍\"", true)]
    public void Label_OfAResponse_IsAFlagOrAThumb(string label, bool expected) => Assert.Equal(
        expected, Assert.IsType<LabelledExample>(Only($$"""{"prompt":"q","completion":"a","label":{{label}}}""")).Label);

    [Theory]
    [InlineData("2")]
    [InlineData("\"maybe\"")]
    public void Label_OfAnotherValue_IsRefused(string label) => Assert.Contains(
        "'label' must be true or false, 1 or 0, or up or down",
        Assert.Throws<InvalidDataException>(() => Only($$"""{"prompt":"q","completion":"a","label":{{label}}}""")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void EncodeLabels_LabelledResponseOrComparisons_GivesTextsWithLabels()
    {
        var tokenizer = TinyTokens();
        var encoder = new TextEncoder(tokenizer, 64);
        var labelled = encoder.EncodeLabels(Only("""{"prompt":"q","completion":"a","label":false}"""))!;
        Assert.Equal("qa<|endoftext|>", Written(labelled.Texts[0]));
        Assert.Equal((1, false), (labelled.PromptLength, Assert.Single(labelled.Labels)));
        Check("""{"prompt":"q","chosen":"a","rejected":"b"}""", ("a", true), ("b", false));
        Check("""{"prompt":"q","completions":["a","b","c","d"],"ranks":[2,0,1,0]}""", ("b", true), ("d", true), ("a", false));
        Assert.Null(encoder.EncodeLabels(Only("""{"prompt":"q","completion":" ","label":true}""")));
        Assert.Contains("1 labelled response with an empty completion was left out", Assert.Single(encoder.Notices));

        void Check(string line, params (string Response, bool Label)[] expected)
        {
            var found = encoder.EncodeLabels(Only(line))!;
            Assert.Equal(
                expected.Select(row => ($"q{row.Response}<|endoftext|>", row.Label)), found.Texts.Select(Written).Zip(found.Labels));
        }

        string Written(int[] text) => tokenizer.Decode(text);
    }

    [Fact]
    public void EncodeLabels_OfMessages_RendersThemByTheChatTemplate()
    {
        const string line = """{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}],"label":1}""";
        var encoder = new TextEncoder(TinyTokens(), 256);
        var labelled = encoder.EncodeLabels(Only(line))!;
        var pair = line.Replace("completion", "chosen", StringComparison.Ordinal)
            .Replace(",\"label\":1", ""","rejected":[{"role":"assistant","content":"b"}]""", StringComparison.Ordinal);
        var compared = encoder.EncodeComparisons(Only(pair))!;
        Assert.Equal(compared.Texts[0], labelled.Texts[0]);
        Assert.Equal((compared.PromptLength, true), (labelled.PromptLength, labelled.Labels[0]));
    }

    [Fact]
    public void EncodeComparisons_GoldResponse_IsEncodedAfterThePromptWhereItIsNeeded()
    {
        var encoder = new TextEncoder(TinyTokens(), 64);
        var triple = Read("""{"prompt":"q","chosen":"a","rejected":"b","reference":"c"}""");
        var encoded = encoder.EncodeComparisons(triple, withReference: true)!;
        Assert.Equal(2, encoded.Texts.Length);
        Assert.Equal(encoder.EncodeResponse("q", "c"), encoded.Reference!);
        Assert.Null(encoder.EncodeComparisons(triple)!.Reference);
        Assert.Null(encoder.EncodeComparisons(triple with { Reference = " " }, withReference: true));
        Assert.Contains("no gold response", Assert.Throws<InvalidDataException>(
            () => encoder.EncodeComparisons(triple with { Reference = null }, withReference: true)).Message);
    }

    [Fact]
    public void AnswersOfOneTextAreNotComparedAndMessagesAreRankedToo()
    {
        var encoder = new TextEncoder(TinyTokens(), 64);
        Assert.Null(encoder.EncodeComparisons(Read("""{"prompt":"q","chosen":"a","rejected":"a"}""")));
        Assert.Contains("1 example without a comparison was left out", Assert.Single(encoder.Notices));
        var kept = encoder.EncodeComparisons(Read("""{"prompt":"q","completions":["a","a","b"],"ranks":[0,1,2]}"""))!;
        Assert.Equal([new(0, 2), new(1, 2)], kept.Comparisons);
        const string Say = """[{"role":"assistant","content":"x"}]""";
        var line = $$"""{"prompt":[{"role":"user","content":"q"}],"completions":[{{Say}},{{Say.Replace('x', 'y')}}],"ranks":[1,0]}""";
        Assert.Equal([new(1, 0)], Assert.IsType<ChatComparisonExample>(Only(line)).Comparisons.Comparisons);
    }

    [Theory]
    [InlineData(""" "chosen":"a","rejected":"b","strength":"NaN" """, "'strength' must be a number, or one of unsure")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":1e999 """, "'margin' must be a number")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":-1 """, "'margin' must be at least 0 (was -1)")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":[1] """, "'margin' must be a number")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":1,"strength":1 """, "give 'strength' or 'margin', not both")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[0,0] """, "not both 0")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[3] """, "'votes' must be two counts")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[3,-1] """, "'votes' must be two counts")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[2147483647,2147483647] """, "'votes' must be two counts")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[0.7,0.3] """, "'votes' must be a list of whole numbers")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[1,0],"label":1 """, "give 'votes' or 'label', not both")]
    [InlineData(""" "chosen":"a","rejected":"b","label":1.5 """,
        "'label' must be the share of votes for the better completion, from 0 to 1 (was 1.5)")]
    [InlineData(""" "chosen":"a","rejected":"b","sources":["x"] """, "'sources' must have one entry for each of 2 completions (was 1)")]
    [InlineData(""" "completions":["a"],"ranks":[0] """,
        "(was 1 ranks for 1 completions)")]
    [InlineData(""" "completions":["a","b"],"ranks":[0,1.5] """,
        "'ranks' must be a list of whole numbers, with null for responses that were not ranked")]
    [InlineData(""" "completions":["a","b"],"ranks":[0,1],"votes":[3,1] """, "'votes' and 'label' need a pair")]
    [InlineData(""" "completions":["a","b"],"pairs":[] """, "'pairs' must be a list of at least one object")]
    [InlineData(""" "completions":["a","b"],"pairs":[{"better":0,"worse":2}] """,
        "'worse' must be the index of a completion, from 0 to 1 (was 2)")]
    [InlineData(""" "completions":["a","b"],"pairs":[{"better":1,"worse":1}] """,
        "'better' and 'worse' must be different completions (both are 1)")]
    [InlineData(""" "completions":["a","b"],"pairs":[{"better":1}] """, "'worse' must be a whole number (was nothing)")]
    public void WhatMakesNoSenseIsSaidWithItsLine(string fields, string expected)
    {
        var message = Assert.Throws<InvalidDataException>(() => Only($$"""{"prompt":"q",{{fields}}}""")).Message;
        Assert.Contains("line 1", message);
        Assert.Contains(expected, message);
    }

    ComparisonExample Read(string line) => Assert.IsType<ComparisonExample>(Only(line));

    Example Only(string line) => Dataset.Read(folder.Write("row.jsonl", line + "\n")).Single();

    static Tokenizer TinyTokens() => BytePairTrainer.Train(["a b q"], new() { VocabularySize = 260, MinFrequency = 1 });
}
