using Attune.Models;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

/// <summary>Compares classifier-free guidance with two caches to two models without a cache.</summary>
public sealed class GuidanceTests
{
    const double Scale = 1.7;

    static readonly int[][] Prompts = [[3, 9, 4], [8], [5, 6, 7, 8, 9]];

    [Theory]
    [InlineData("gpt2", false)]
    [InlineData("gpt2", true)]
    [InlineData("llama", true)]
    [InlineData("t5", true)]
    public void LogprobsAreThoseOfTheGuidedDistribution(string family, bool withNegativePrompt)
    {
        var model = TinyModel.Of(family);
        var options = Options(withNegativePrompt) with { Temperature = 0.8, RepetitionPenalty = 1.3 };
        using var random = new RandomSource(11);
        var responses = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]).Generate(Prompts, options, random, samples: 6);
        Assert.Contains(responses, response => response.Tokens.Length < 8);              // so rows are dropped during generation
        foreach (var (prompt, response) in Prompts.SelectMany(prompt => Enumerable.Repeat(prompt, 6)).Zip(responses))
            AssertGuided(model, prompt, response, options);
    }

    static void AssertGuided(LanguageModel model, int[] prompt, Response response, SamplingOptions options)
    {
        using var scope = TensorScope.Open();
        var (tokens, count) = (response.Tokens, response.Tokens.Length);
        int[] negative = options.NegativePromptIds.Count > 0 ? [.. options.NegativePromptIds] : [prompt[^1]];
        var guided = GuidanceFilter.Combine(Logprobs(prompt), Logprobs(negative), Scale);                       // (T, V)
        var prefix = model.Backbone.StartToken is { } start ? [start] : prompt;
        TokenHistory[] rows = [.. Enumerable.Range(0, count).Select(t => tokens[..t].Aggregate(
            new TokenHistory(prompt, prefix), (row, token) => row.With(token)))];
        var penalized = new RepetitionPenaltyFilter(options.RepetitionPenalty).Apply(guided, new(rows));
        var logprobs = (penalized * (1 / options.Temperature)).LogSoftmax(-1);
        var chosen = logprobs.Gather(1, Tensor.From(tokens.Select(token => (long)token).ToArray(), count, 1));
        Numeric.Close(Array.ConvertAll(chosen.ToArray<float>(), number => (double)number), response.Logprobs, "logprobs", 1e-4, 1e-4);

        Tensor Logprobs(int[] before) => TextGeneratorTests.Logits(model, before, tokens).Slice(0, 0, -1).LogSoftmax(-1);
    }

    [Fact]
    public void OneBeamIsGreedyUnderGuidanceAndGuidanceChangesTheAnswers()
    {
        using var random = new RandomSource(1);
        var model = TinyModel.Gpt2();
        var generator = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]);
        var greedy = generator.Generate(Prompts, Options(true) with { Temperature = 0 }, random);
        var search = new BeamSearch(model, TinyModel.Pad, [TinyModel.Eos]);
        var found = search.Search(Prompts, new() { Beams = 1, EarlyStopping = EarlyStopping.True }, Options(true));
        Assert.Equal(greedy.Select(response => response.Tokens), found.Select(response => response.Tokens));
        var plain = generator.Generate(Prompts, new() { Temperature = 0, MaxNewTokens = 12 }, random);
        Assert.NotEqual(plain.Select(response => response.Tokens), greedy.Select(response => response.Tokens));
    }

    [Fact]
    public void BatchMatesChangeNoBeam()
    {
        var search = new BeamSearch(TinyModel.Llama(), TinyModel.Pad, [5, 9]);
        var alone = Prompts.SelectMany(prompt => search.Search([prompt], new() { Beams = 3 }, Options(true)));
        var together = search.Search(Prompts, new() { Beams = 3 }, Options(true));
        Assert.Equal(alone.Select(response => response.Tokens), together.Select(response => response.Tokens));
    }

    [Fact]
    public void NothingStaysBehind()
    {
        using var random = new RandomSource(1);
        var generator = new TextGenerator(TinyModel.Gpt2(), TinyModel.Pad, [TinyModel.Eos]);
        Leaks.None(() => generator.Generate(Prompts, Options(true), random, samples: 2));
    }

    [Fact]
    public void ANegativePromptThatLeavesLessRoomThanThePromptsIsRefused()
    {
        using var random = new RandomSource(1);
        var generator = new TextGenerator(TinyModel.Gpt2(), TinyModel.Pad, []);
        var options = Options(false) with { NegativePromptIds = [.. Enumerable.Repeat(5, 40)] };
        var error = Assert.Throws<InvalidDataException>(() => generator.Generate(Prompts, options, random));
        Assert.Contains("the negative prompt has 40 tokens, which leaves space for a response of 8 tokens", error.Message);
        Assert.Contains("but the prompts leave space for 12", error.Message);
    }

    [Fact]
    public void ResponsesAreNotEvaluatedUnderGuidance()
    {
        using var scope = TensorScope.Open();
        var chain = new SamplingChain(Options(true), []);
        Assert.Throws<InvalidOperationException>(() => chain.Apply(Tensor.Zeros([1, 4]), new([]), Tensor.From([0L], 1)));
        var guided = new SamplingChain(Options(true), [], [], new(TinyModel.Gpt2(), TinyModel.Pad, Options(true)));
        Assert.Throws<InvalidOperationException>(() => guided.Apply(Tensor.Zeros([1, 4]), new([])));
    }

    static SamplingOptions Options(bool withNegativePrompt) =>
        new() { MaxNewTokens = 12, GuidanceScale = Scale, NegativePromptIds = withNegativePrompt ? [8, 3, 20] : [] };
}
