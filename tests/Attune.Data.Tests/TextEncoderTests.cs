using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

public sealed class TextEncoderTests
{
    static readonly Origin Origin = new("data.jsonl", 3);
    static readonly Tokenizer Tokenizer = BytePairTrainer.Train(["abc abc def def"], new() { VocabularySize = 270 });
    static readonly int Eos = Tokenizer.EosId!.Value;

    [Fact]
    public void OnlyTheAnswerAndItsEndAreLearned()
    {
        var row = new TextEncoder(Tokenizer, 64).EncodeDemonstration(new(Origin, "abc", " def"))!;
        var (prompt, answer) = (Tokenizer.Encode("abc"), Tokenizer.Encode(" def"));
        Assert.Equal([.. prompt, .. answer, Eos], row.Tokens);
        Assert.Equal([.. prompt.Select(_ => false), .. answer.Select(_ => true), true], row.LossMask);
        Assert.Equal(answer.Length + 1, row.TargetCount);
    }

    [Fact]
    public void ForAnEncoderDecoderPromptAndAnswerAreTextsOfTheirOwn()
    {
        var row = new TextEncoder(Tokenizer, 64, startToken: 7).EncodeDemonstration(new(Origin, "abc", " def"))!;
        var answer = Tokenizer.Encode(" def");
        Assert.Equal([.. Tokenizer.Encode("abc"), Eos], row.Source!);
        Assert.Equal([7, .. answer, Eos], row.Tokens);
        Assert.Equal([false, .. answer.Select(_ => true), true], row.LossMask);
    }

    [Fact]
    public void EachSideOfAnEncoderDecoderMayFillTheContext()
    {
        var encoder = new TextEncoder(Tokenizer, 20, startToken: 7);
        var prompt = encoder.EncodePrompt(Origin, new string('x', 100) + "yz", room: 16)!;
        Assert.Equal(20, prompt.Tokens.Length);
        Assert.Equal(new string('x', 17) + "yz", prompt.Text);
        Assert.Equal(Eos, prompt.Tokens[^1]);
        var row = encoder.EncodeDemonstration(new(Origin, "a", new string('x', 100)))!;
        Assert.Equal((20, 2), (row.Tokens.Length, row.Source!.Length));
        Assert.Equal(
            ["1 prompt longer than 20 tokens was cut at the beginning (the first: data.jsonl, line 3)",
                "1 text longer than 20 tokens was cut at the end (the first: data.jsonl, line 3)"],
            encoder.Notices);
        Assert.Null(new TextEncoder(Tokenizer, 20, OverlongExamples.Drop, startToken: 7)
            .EncodeDemonstration(new(Origin, new string('x', 100), "a")));
    }

    [Fact]
    public void AnEncoderDecoderLearnsTheLastAnswerOfAConversation()
    {
        var row = new TextEncoder(Tokenizer, 256, startToken: 7)
            .EncodeChat(new(Origin, [new("user", "abc"), new("assistant", "def"), new("user", "x")]))!;
        Assert.Equal("<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\n<|endoftext|>", Tokenizer.Decode(row.Source));
        Assert.Equal("def<|im_end|>\n<|endoftext|>", Tokenizer.Decode(row.Tokens.AsSpan(1)));
    }

    [Fact]
    public void InAConversationWhatTheAssistantSaysIsLearned()
    {
        var row = new TextEncoder(Tokenizer, 256)
            .EncodeChat(new(Origin, [new("user", "abc"), new("assistant", "def"), new("user", "x"), new("assistant", "y")]))!;
        var learned = Tokenizer.Decode(row.Tokens.Where((_, at) => row.LossMask[at]).ToArray());
        Assert.Equal("def<|im_end|>\ny<|im_end|>\n<|endoftext|>", learned);
        Assert.Equal(
            "<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\ndef<|im_end|>\n"
            + "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\ny<|im_end|>\n<|endoftext|>",
            Tokenizer.Decode(row.Tokens));
    }

    [Fact]
    public void ALongAnswerLosesItsEndOrIsLeftOutAndIsCounted()
    {
        var example = new Demonstration(Origin, "a", new string('x', 100));
        var truncating = new TextEncoder(Tokenizer, 20);
        var row = truncating.EncodeDemonstration(example)!;
        Assert.Equal(20, row.Tokens.Length);
        Assert.DoesNotContain(Eos, row.Tokens);
        Assert.Equal("1 text longer than 20 tokens was cut at the end (the first: data.jsonl, line 3)",
            Assert.Single(truncating.Notices));
        var dropping = new TextEncoder(Tokenizer, 20, OverlongExamples.Drop);
        Assert.Null(dropping.EncodeDemonstration(example));
        Assert.Equal("1 text longer than 20 tokens was left out (the first: data.jsonl, line 3)", Assert.Single(dropping.Notices));
    }

    [Fact]
    public void APromptThatFillsTheContextIsLeftOutWithItsAnswer()
    {
        var encoder = new TextEncoder(Tokenizer, 20);
        Assert.Null(encoder.EncodeDemonstration(new(Origin, new string('x', 100), "a")));
        Assert.Contains("1 prompt that fills the context", Assert.Single(encoder.Notices));
    }

    [Fact]
    public void ALongPromptLosesItsBeginningSoThatTheAnswerHasRoom()
    {
        var encoder = new TextEncoder(Tokenizer, 20);
        var prompt = encoder.EncodePrompt(Origin, new string('x', 100) + "yz", room: 8)!;
        Assert.Equal(12, prompt.Tokens.Length);
        Assert.EndsWith("xyz", prompt.Text);
    }

    [Fact]
    public void EmptyAnswersAreLeftOutAndCounted()
    {
        var encoder = new TextEncoder(Tokenizer, 20);
        Assert.Null(encoder.EncodeDemonstration(new(Origin, "a", " ")));
        Assert.Null(encoder.EncodeDemonstration(new(Origin with { Line = 4 }, "b", "")));
        Assert.Equal("2 empty completions were left out (the first: data.jsonl, line 3)", Assert.Single(encoder.Notices));
    }

    [Fact]
    public void RankingsThatPreferNothingAreLeftOut()
    {
        var encoder = new TextEncoder(Tokenizer, 64);
        Assert.Null(encoder.EncodeComparisons(new ComparisonExample(Origin, "a", ["b", "c"], ComparisonSet.FromRanks(1, 1))));
        Assert.Contains("without a comparison was left out: all completions tie", Assert.Single(encoder.Notices));
    }

    [Fact]
    public void EveryRankedAnswerStandsBehindThePromptAndEnds()
    {
        var example = new ComparisonExample(Origin, "abc", [" def", " x"], ComparisonSet.FromRanks(0, 1));
        var ranking = new TextEncoder(Tokenizer, 64).EncodeComparisons(example)!;
        Assert.Equal(ranking.Texts, new TextEncoder(Tokenizer, 64).EncodeForScoring(example));
        Assert.All(ranking.Texts, text => Assert.Equal(Eos, text[^1]));
        Assert.Equal(Tokenizer.Encode("abc"), ranking.Texts[1][..ranking.PromptLength]);
    }

    [Fact]
    public void ABeginningTokenStandsOnceHoweverThePromptWasWritten()
    {
        var llama = WithBeginning();
        var encoder = new TextEncoder(llama, 64);
        var bos = llama.BosId!.Value;
        Assert.Equal(bos, encoder.EncodeFullPrompt("abc")[0]);
        Assert.Single(encoder.EncodeFullPrompt("<|endoftext|>abc"), bos);
        Assert.Equal(bos, encoder.EncodeDocument(new(new("data.jsonl", 1), "abc"))[0]);
    }

    /// <summary>A tokenizer that adds its first token before every text.</summary>
    internal static Tokenizer WithBeginning()
    {
        using var folder = new Attune.Testing.TemporaryFolder();
        Tokenizer.Save(folder.Path);
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!;
        json["post_processor"] = System.Text.Json.Nodes.JsonNode.Parse("""
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
             "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
             "special_tokens":{"<|endoftext|>":{"id":"<|endoftext|>","ids":[0],"tokens":["<|endoftext|>"]}}}
            """);
        return Tokenizer.Parse(json.ToJsonString(), """{"bos_token":"<|endoftext|>","eos_token":"<|pad|>"}""");
    }
}
