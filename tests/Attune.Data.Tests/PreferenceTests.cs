using Attune.Testing;
using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

/// <summary>What people prefer, as files say it: ranks with ties and gaps, pairs, strength, votes.</summary>
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
        var ranking = Read("""{"prompt":"q","completions":["a","b","c"],"pairs":[{"better":0,"worse":1,"strength":1.5},{"better":2,"worse":1,"votes":[1,3]}],"sources":["x","y","x"]}""");
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
        var rows = Dataset.Read(folder.Write("a.csv", "prompt,chosen,rejected,strength,votes\nq,a,b,1.5,\"[3,1]\"\nq,a,b,,\n")).Cast<ComparisonExample>().Select(row => row.Comparisons.Comparisons[0]).ToList();
        Assert.Equal([new(0, 1) { Margin = 1.5, Share = 0.75, Votes = 4 }, new(0, 1)], rows);
    }

    [Fact]
    public void AnswersOfOneTextAreNotComparedAndMessagesAreRankedToo()
    {
        var encoder = new TextEncoder(TinyTokens(), 64);
        Assert.Null(encoder.EncodeComparisons(Read("""{"prompt":"q","chosen":"a","rejected":"a"}""")));
        Assert.Contains("prefer nothing were left out", Assert.Single(encoder.Notices));
        var kept = encoder.EncodeComparisons(Read("""{"prompt":"q","completions":["a","a","b"],"ranks":[0,1,2]}"""))!;
        Assert.Equal([new(0, 2), new(1, 2)], kept.Comparisons);
        const string Say = """[{"role":"assistant","content":"x"}]""";
        var line = $$"""{"prompt":[{"role":"user","content":"q"}],"completions":[{{Say}},{{Say.Replace('x', 'y')}}],"ranks":[1,0]}""";
        Assert.Equal([new(1, 0)], Assert.IsType<ChatComparisonExample>(Only(line)).Comparisons.Comparisons);
    }

    [Theory]
    [InlineData(""" "chosen":"a","rejected":"b","strength":"NaN" """, "'strength' should be a number, or one of unsure")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":1e999 """, "'margin' should be a number")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":-1 """, "'margin' should be a number of at least 0, found -1")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":[1] """, "'margin' should be a number")]
    [InlineData(""" "chosen":"a","rejected":"b","margin":1,"strength":1 """, "strength or margin was expected, found both")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[0,0] """, "not both 0")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[3] """, "'votes' should be two counts")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[3,-1] """, "'votes' should be two counts")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[2147483647,2147483647] """, "'votes' should be two counts")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[0.7,0.3] """, "'votes' should be a list of whole numbers")]
    [InlineData(""" "chosen":"a","rejected":"b","votes":[1,0],"label":1 """, "votes or label was expected, found both")]
    [InlineData(""" "chosen":"a","rejected":"b","label":1.5 """, "'label' should be the share of people for the better answer, from 0 to 1, found 1.5")]
    [InlineData(""" "chosen":"a","rejected":"b","sources":["x"] """, "a source for each of 2 answers was expected, found 1")]
    [InlineData(""" "completions":["a"],"ranks":[0] """, "two or more completions with a rank each were expected, found 1 completions and 1 ranks")]
    [InlineData(""" "completions":["a","b"],"ranks":[0,1.5] """, "'ranks' should be a list of whole numbers, or of null for what was not ranked")]
    [InlineData(""" "completions":["a","b"],"ranks":[0,1],"votes":[3,1] """, "votes and label belong to a pair")]
    [InlineData(""" "completions":["a","b"],"pairs":[] """, "'pairs' should be a list of objects, at least one")]
    [InlineData(""" "completions":["a","b"],"pairs":[{"better":0,"worse":2}] """, "'worse' should be the place of one of 2 completions, from 0 to 1, found 2")]
    [InlineData(""" "completions":["a","b"],"pairs":[{"better":1,"worse":1}] """, "a pair of two answers was expected, found answer 1 twice")]
    [InlineData(""" "completions":["a","b"],"pairs":[{"better":1}] """, "'worse' should be a whole number, found nothing")]
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
