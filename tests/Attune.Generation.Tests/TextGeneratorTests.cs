using Attune.Models;
using Attune.Models.Backbones;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

public sealed class TextGeneratorTests
{
    static readonly int[][] Prompts = [[3, 9, 4], [8], [5, 6, 7, 8, 9]];
    static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxNewTokens = 12 };

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("t5")]
    public void GreedyAnswersAreThoseOfOneTokenAtATimeWithoutACache(string family)
    {
        var model = TinyModel.Of(family);
        foreach (var (prompt, response) in Prompts.Zip(Generate(model, Prompts, Greedy)))
            Assert.Equal(Continue(model, prompt, response.Tokens.Length), response.Tokens);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void Generate_IdsWithoutAToken_AreNeverChosen(string family)
    {
        var model = TinyModel.Of(family);
        int[] unused = [2, 3, .. Enumerable.Range(12, TinyModel.Vocabulary - 12)];
        var options = new SamplingOptions { MaxNewTokens = 12 }.WithTokens(_ => [], unusedIds: unused);
        using var random = new RandomSource(1);
        var sampled = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]).Generate(Prompts, options, random, samples: 8);
        Assert.All(sampled, response => Assert.DoesNotContain(response.Tokens, unused.Contains));
        Assert.True(new SamplingChain(options, [TinyModel.Eos]) is { NeedsHistory: false, OnlyScales: true });
        var found = new BeamSearch(model, TinyModel.Pad, [TinyModel.Eos]).Search(Prompts, new() { Beams = 3, Answers = 3 }, options);
        Assert.All(found, response => Assert.DoesNotContain(response.Tokens, unused.Contains));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void BatchMatesChangeNothing(string family)
    {
        var model = TinyModel.Of(family);
        var together = Generate(model, Prompts, Greedy);
        for (var i = 0; i < Prompts.Length; i++)
            Assert.Equal(Generate(model, [Prompts[i]], Greedy)[0].Tokens, together[i].Tokens);
    }

    [Theory]
    [InlineData("llama", 1.0, 0, 1.0)]
    [InlineData("llama", 0.7, 0, 1.0)]
    [InlineData("llama", 1.0, 5, 1.0)]
    [InlineData("llama", 1.3, 0, 0.8)]
    [InlineData("t5", 0.7, 5, 0.8)]
    public void LogprobsAreThoseOfTheDistributionThatWasSampled(string family, double temperature, int topK, double topP)
    {
        var model = TinyModel.Of(family);
        var options = new SamplingOptions { MaxNewTokens = 10, Temperature = temperature, TopK = topK, TopP = topP };
        foreach (var (prompt, response) in Prompts.Zip(Generate(model, Prompts, options)))
        {
            using var scope = TensorScope.Open();
            var logits = Logits(model, prompt, response.Tokens).Slice(0, 0, -1) * (1 / temperature);
            if (topK > 0)
                logits = new TopKFilter(topK).Apply(logits, new([]));
            if (topP < 1)
                logits = new TopPFilter(topP).Apply(logits, new([]));
            var chosen = Tensor.From(response.Tokens.Select(t => (long)t).ToArray(), response.Tokens.Length, 1);
            Numeric.Close(
                Array.ConvertAll(logits.LogSoftmax(-1).Gather(1, chosen).ToArray<float>(), x => (double)x),
                response.Logprobs, "logprobs", 1e-5, 1e-5);
        }
    }

    [Theory]
    [InlineData(1, 12)]
    [InlineData(4, 3)]
    [InlineData(5, 3)]
    [InlineData(100, 1)]
    public void TheHostIsWaitedForOnlyAtLooksAndThatChangesNoBit(int stopCheckInterval, int checks)
    {
        var model = TinyModel.Gpt2();
        var options = new SamplingOptions { MaxNewTokens = 12, Temperature = 0.9, TopK = 8 };
        var expected = Answer(stopCheckInterval: 1);
        var before = TorchLibrary.HostReads;
        var found = Answer(stopCheckInterval);
        Assert.Equal(1 + 2 * checks, TorchLibrary.HostReads - before);              // the seed; tokens and log-probabilities
        foreach (var (a, b) in expected.Zip(found))
        {
            Assert.Equal(a.Tokens, b.Tokens);
            Assert.Equal(a.Logprobs, b.Logprobs);
        }

        IReadOnlyList<Response> Answer(int stopCheckInterval)
        {
            using var random = new RandomSource(4);
            return new TextGenerator(model, TinyModel.Pad, []) { StopCheckInterval = stopCheckInterval }.Generate(
                Prompts, options, random);
        }
    }

    [Fact]
    public void AnAnswerEndsWithTheEndOfTextTokenOrAtTheGreatestLength()
    {
        var responses = Generate(TinyModel.Gpt2(), [.. Enumerable.Repeat(Prompts[0], 40)], new() { MaxNewTokens = 20 });
        Assert.Contains(responses, c => c.Ended);
        Assert.All(responses, c => Assert.Equal(c.Ended, c.Tokens[^1] == TinyModel.Eos));
        Assert.All(responses, c => Assert.DoesNotContain(TinyModel.Eos, c.Tokens[..^1]));
        Assert.All(responses.Where(c => !c.Ended), c => Assert.Equal(20, c.Tokens.Length));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void SeveralSamplesOfAPromptComeSideBySideAndDiffer(string family)
    {
        var model = TinyModel.Of(family);
        var responses = Generate(model, Prompts, new() { MaxNewTokens = 8 }, samples: 4);
        Assert.Equal(12, responses.Count);
        Assert.True(responses.Take(4).Select(c => string.Join(' ', c.Tokens)).Distinct().Count() > 1);
        var greedy = Generate(model, Prompts, Greedy, samples: 2);
        Assert.Equal(greedy[2].Tokens, greedy[3].Tokens);
        Assert.Equal(Generate(model, [Prompts[1]], Greedy)[0].Tokens, greedy[2].Tokens);
    }

    [Fact]
    public void ValuesAreThoseOfTheStatesBeforeEachToken()
    {
        var model = TinyModel.Gpt2();
        using var random = new RandomSource(2);
        model.AddValueHead().Initialize(random);
        model.ValueHead!.Parameters.First().Value.NormalInPlace(0, 1, random);
        var response = Generate(model, Prompts, new() { MaxNewTokens = 6 })[2];
        var hidden = model.HiddenStates(Input([.. Prompts[2], .. response.Tokens]));
        var values = model.ValueHead.Forward(hidden).Select(0, 0).Slice(0, Prompts[2].Length - 1, -1);
        Numeric.Close(Array.ConvertAll(values.ToArray<float>(), x => (double)x), response.Values, "values", 1e-5, 1e-5);
    }

    [Fact]
    public void TokensAreDrawnAsOftenAsTheirProbabilitySays()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        double[] probabilities = [0.5, 0, 0.3, 0.15, 0.05];
        var logits = Tensor.From(probabilities.Select(p => (float)Math.Log(p)).ToArray(), 1, 5).Expand(100_000, 5);
        var uniform = Tensor.Uniform([100_000, 1], random, DType.Float64);
        var tokens = new Sampler(new(new(), [])).Draw(logits, new([]), uniform).Tokens.ToArray<long>();
        for (var token = 0; token < 5; token++)
            Assert.InRange(tokens.Count(t => t == token) / 100_000.0, probabilities[token] - 0.006, probabilities[token] + 0.006);
        Assert.DoesNotContain(1L, tokens);
    }

    [Fact]
    public void TopKKeepsTheKLargestAndTopPTheSmallestSetThatReachesP()
    {
        var logits = Tensor.From([0.1f, 0.4f, 0.2f, 0.3f], 1, 4).Log();
        Assert.Equal([false, true, false, true], Kept(new TopKFilter(2).Apply(logits, new([]))));
        Assert.Equal([false, true, false, true], Kept(new TopPFilter(0.65).Apply(logits, new([]))));
        Assert.Equal([false, true, true, true], Kept(new TopPFilter(0.75).Apply(logits, new([]))));
        Assert.Equal([false, true, false, false], Kept(new TopPFilter(0.0001).Apply(logits, new([]))));

        static bool[] Kept(Tensor filtered) => filtered.IsFinite().ToArray<bool>();
    }

    [Fact]
    public void NoAnswerEndsBeforeItHasTheFewestTokens()
    {
        var responses = Generate(TinyModel.Gpt2(), [.. Enumerable.Repeat(Prompts[0], 40)], new() { MaxNewTokens = 20, MinNewTokens = 9 });
        Assert.Contains(responses, c => c.Ended);
        Assert.All(responses, c => Assert.InRange(c.Tokens.Length, 10, 20));
    }

    [Fact]
    public void PenaltiesHoldForEveryRowWhenEndedOnesAreDropped()
    {
        var responses = Generate(TinyModel.Gpt2(), Prompts, new() { MaxNewTokens = 20, NoRepeatNgramSize = 1 }, samples: 15);
        Assert.Contains(responses, c => c.Tokens.Length < 5);
        foreach (var (prompt, group) in Prompts.Zip(responses.Chunk(15)))
            Assert.All(group, c => Assert.Distinct(prompt.Concat(c.Tokens)));
    }

    [Fact]
    public void FiltersOfTheGeneratorAreAppliedToo()
    {
        var filter = new AllowedTokensFilter(row => [row.ResponseLength, 20]);
        var generator = new TextGenerator(TinyModel.Gpt2(), TinyModel.Pad, []) { Filters = [filter] };
        using var random = new RandomSource(11);
        var responses = generator.Generate(Prompts, new() { MaxNewTokens = 12 }, random);
        Assert.All(responses.SelectMany(c => c.Tokens.Index()), drawn => Assert.Contains(drawn.Item, new[] { drawn.Index, 20 }));
    }

    [Fact]
    public void AnyOfSeveralEndOfTextTokensEndsAnAnswer()
    {
        var generator = new TextGenerator(TinyModel.Gpt2(), TinyModel.Pad, [3, 4]);
        using var random = new RandomSource(11);
        var responses = generator.Generate([.. Enumerable.Repeat(Prompts[0], 40)], new() { MaxNewTokens = 30 }, random);
        Assert.Contains(responses, c => c.Tokens[^1] == 3);
        Assert.Contains(responses, c => c.Tokens[^1] == 4);
        Assert.All(responses, c => Assert.DoesNotContain(c.Tokens[..^1], token => token is 3 or 4));
    }

    [Theory]
    [InlineData("gpt2", 3, 128, 1)]
    [InlineData("gpt2", 1, 5, 1)]
    [InlineData("gpt2", 2, 7, 3)]
    [InlineData("llama", 1, 5, 1)]
    [InlineData("llama", 1, 5, 4)]
    [InlineData("t5", 2, 5, 1)]
    public void Generate_OtherBatchesAndWorkers_SampleTheSame(string family, int workers, int batchRows, int stopCheckInterval)
    {
        var model = TinyModel.Of(family);
        int[][] prompts = [.. Enumerable.Range(0, 12).Select(row => (int[])[.. Enumerable.Range(row, 1 + row % 7)])];
        var options = new SamplingOptions { MaxNewTokens = 30 };
        using var random = new RandomSource(6);
        using var again = new RandomSource(6);
        var expected = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]).Generate(prompts, options, random, samples: 3);
        var found = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos])
        {
            Workers = new WorkerThreads(workers), BatchRows = batchRows, StopCheckInterval = stopCheckInterval,
        }.Generate(prompts, options, again, samples: 3);
        Assert.Equal(random.State, again.State);
        Assert.True(expected.Select(response => response.Tokens.Length).Distinct().Count() > 5);
        foreach (var (a, b) in expected.Zip(found))
        {
            Assert.Equal(a.Tokens, b.Tokens);
            Assert.Equal(a.Ended, b.Ended);
            Numeric.Close(Array.ConvertAll(a.Logprobs, x => (double)x), b.Logprobs, "logprobs", 1e-5, 1e-5);
        }
    }

    [Fact]
    public void Generate_ALongPromptInTheBatch_DoesNotShortenOtherResponses()
    {
        var model = TinyModel.Gpt2();                                                             // 48 positions
        using var random = new RandomSource(1);
        var responses = new TextGenerator(model, TinyModel.Pad, []).Generate(
            [[.. Enumerable.Repeat(5, 45)], [7, 8]], new() { MaxNewTokens = 60 }, random);
        Assert.Equal([3, 46], responses.Select(response => response.Tokens.Length));
        using var alone = new RandomSource(1);
        Assert.Equal(3, new TextGenerator(model, TinyModel.Pad, []).Generate([[.. Enumerable.Repeat(5, 45)]], new() { MaxNewTokens = 60 },
            alone)[0].Tokens.Length);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void NothingStaysBehindAfterGeneration(string family)
    {
        var model = TinyModel.Of(family);
        Leaks.None(() => Generate(model, Prompts, Greedy, samples: 3));
        using var random = new RandomSource(5);
        var generator = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]) { BatchRows = 4 };
        Leaks.None(() => generator.Generate(Prompts, new() { MaxNewTokens = 20 }, random, samples: 5));
    }

    [Fact]
    public void AMaskedModelIsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => Generate(TinyModel.Bert(), Prompts, Greedy));
        Assert.Contains("a masked language model (bert)", error.Message);
    }

    [Fact]
    public void APromptThatLeavesNoRoomIsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => Generate(TinyModel.Gpt2(), [[.. Enumerable.Repeat(5, 48)]], Greedy));
        Assert.Contains("48 tokens leaves no space", error.Message);
        Assert.Throws<InvalidDataException>(() => Generate(TinyModel.Gpt2(), [[]], Greedy));
    }

    static IReadOnlyList<Response> Generate(LanguageModel model, int[][] prompts, SamplingOptions options, int samples = 1)
    {
        using var random = new RandomSource(11);
        return new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]).Generate(prompts, options, random, samples);
    }

    static int[] Continue(LanguageModel model, int[] prompt, int count)
    {
        using var scope = TensorScope.Open();
        List<int> response = [];
        while (response.Count < count)
            response.Add((int)Logits(model, prompt, response).Select(0, -1).ArgMax(0).Item());
        return [.. response];
    }

    /// <summary>(T + 1, V): the logits of a response's tokens, and of the next one.</summary>
    internal static Tensor Logits(LanguageModel model, int[] prompt, IEnumerable<int> response)
    {
        var input = model.Backbone.StartToken is { } start
            ? Input([start, .. response]) with { Source = Input(prompt) }
            : Input([.. prompt, .. response]);
        return model.Logits(model.HiddenStates(input)).Select(0, 0).Slice(0, model.Backbone.StartToken is null ? prompt.Length - 1 : 0);
    }

    static ModelInput Input(int[] tokens) => new(Tensor.From(Array.ConvertAll(tokens, t => (long)t), 1, tokens.Length));
}
