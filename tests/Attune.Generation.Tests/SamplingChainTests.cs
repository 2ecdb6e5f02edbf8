using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

/// <summary>Every sampling option adds its filter, in the order of transformers, for generation and for evaluation.</summary>
public sealed class SamplingChainTests
{
    static readonly int[] Eos = [TinyModel.Eos];
    static readonly int[][] Prompts = [[3, 9, 4], [8], [5, 6, 7, 8, 9]];

    static readonly IReadOnlyDictionary<string, (SamplingOptions Options, ILogitsFilter Filter)> Options =
        new Dictionary<string, (SamplingOptions, ILogitsFilter)>(StringComparer.Ordinal)
        {
            ["temperature"] = (new() { Temperature = 0.5 }, new TemperatureFilter(0.5)),
            ["topK"] = (new() { TopK = 3 }, new TopKFilter(3)),
            ["topP"] = (new() { TopP = 0.5 }, new TopPFilter(0.5)),
            ["minP"] = (new() { MinP = 0.3 }, new MinPFilter(0.3)),
            ["typicalP"] = (new() { TypicalP = 0.4 }, new TypicalFilter(0.4)),
            ["topH"] = (new() { TopH = 0.4 }, new TopHFilter(0.4)),
            ["epsilonCutoff"] = (new() { EpsilonCutoff = 0.05 }, new CutoffFilter(0.05)),
            ["etaCutoff"] = (new() { EtaCutoff = 0.05 }, new CutoffFilter(0.05, adaptive: true)),
            ["repetitionPenalty"] = (new() { RepetitionPenalty = 2 }, new RepetitionPenaltyFilter(2)),
            ["frequencyPenalty"] = (new() { FrequencyPenalty = 2 }, new FrequencyPenaltyFilter(2, 0)),
            ["presencePenalty"] = (new() { PresencePenalty = 2 }, new FrequencyPenaltyFilter(0, 2)),
            ["noRepeatNgramSize"] = (new() { NoRepeatNgramSize = 1 }, new NoRepeatNGramFilter(1)),
            ["minNewTokens"] = (new() { MinNewTokens = 9 }, new MinNewTokensFilter(9, Eos)),
            ["badWordsIds"] = (new() { BadWordsIds = [[7], [9, 4]] }, SequenceBiasFilter.BadWords([[7], [9, 4]], Eos)),
            ["sequenceBias"] = (new() { SequenceBias = [new() { Tokens = [9, 4], Bias = 7 }, new() { Tokens = [5], Bias = -7 }] },
                new SequenceBiasFilter([([9, 4], 7), ([5], -7)])),
            ["suppressTokens"] = (new() { SuppressTokens = [4, 7, 9] }, new SuppressTokensFilter([4, 7, 9])),
            ["beginSuppressTokens"] = (new() { BeginSuppressTokens = [4, 7, 9] }, new SuppressTokensFilter([4, 7, 9], position: 0)),
            ["forcedBosTokenId"] = (new() { ForcedBosTokenId = 6 }, new ForcedTokenFilter([6], position: 0)),
            ["forcedEosTokenId"] = (new() { MaxNewTokens = 3, ForcedEosTokenId = 6 }, new ForcedTokenFilter([6], position: 2)),
            ["exponentialDecayLengthPenalty"] = (new() { ExponentialDecayLengthPenalty = new() { Start = 1, Factor = 3 } },
                new LengthDecayFilter(1, 3, Eos)),
            ["removeInvalidValues"] = (new() { RemoveInvalidValues = true }, new FiniteFilter()),
            ["renormalizeLogits"] = (new() { RenormalizeLogits = true }, new NormalizeFilter()),
        };

    public static TheoryData<string> Names => [.. Options.Keys];

    /// <summary>Options that change sampling from finite logits.</summary>
    public static TheoryData<string> NamesOfDraws => [.. Options.Keys.Except(["removeInvalidValues", "renormalizeLogits"])];

    [Theory]
    [MemberData(nameof(Names))]
    public void AnOptionIsItsFilter(string name)
    {
        using var scope = TensorScope.Open();
        var (options, filter) = Options[name];
        var (logits, context) = Random();
        if (name == "removeInvalidValues")
            logits = logits.IndexPut(
                Tensor.From([float.NaN, float.PositiveInfinity], 2), [Tensor.From([0L, 1L], 2), Tensor.From([4L, 5L], 2)]);
        var chain = new SamplingChain(options, Eos);
        var expected = filter.Apply(logits, context).ToArray<float>();
        Assert.Equal(expected, chain.Apply(logits, context).ToArray<float>());
        Assert.NotEqual(logits.ToArray<float>(), expected);
    }

    [Theory]
    [MemberData(nameof(NamesOfDraws))]
    public void AnOptionChangesTheAnswers(string name)
    {
        var options = Options[name].Options;
        Assert.NotEqual(Drawn(new() { MaxNewTokens = options.MaxNewTokens }), Drawn(options));

        static (string, float)[] Drawn(SamplingOptions options)
        {
            using var random = new RandomSource(11);
            var generator = new TextGenerator(TinyModel.Gpt2(), TinyModel.Pad, Eos);
            var drawn = generator.Generate(Prompts, options with { MaxNewTokens = Math.Min(options.MaxNewTokens, 20) }, random, samples: 6);
            return [.. drawn.Select(response => (string.Join(' ', response.Tokens), response.Logprobs.Sum()))];
        }
    }

    [Fact]
    public void FiltersAreInTheOrderOfTransformersAndOnesOwnComeBeforeTemperature()
    {
        using var scope = TensorScope.Open();
        var (logits, context) = Random();
        var own = new Offset(-1);
        var all = new SamplingOptions
        {
            Temperature = 0.5, TopK = 3, TopP = 0.5, MinP = 0.3, TypicalP = 0.4, TopH = 0.4, EpsilonCutoff = 0.05, EtaCutoff = 0.05,
            RepetitionPenalty = 2, FrequencyPenalty = 2, NoRepeatNgramSize = 1, MinNewTokens = 9,
            BadWordsIds = Options["badWordsIds"].Options.BadWordsIds, SequenceBias = Options["sequenceBias"].Options.SequenceBias,
            SuppressTokens = [4, 7, 9], ExponentialDecayLengthPenalty = new() { Start = 1, Factor = 3 },
            RemoveInvalidValues = true, RenormalizeLogits = true,
        };
        var chain = new SamplingChain(all, Eos, [own]);
        string[] order =
        [
            "sequenceBias", "repetitionPenalty", "frequencyPenalty", "noRepeatNgramSize", "badWordsIds", "minNewTokens",
            "removeInvalidValues", "exponentialDecayLengthPenalty", "suppressTokens", "own", "temperature",
            "topH", "topK", "topP", "minP", "typicalP", "epsilonCutoff", "etaCutoff", "renormalizeLogits",
        ];
        var expected = order.Aggregate(logits, (scores, name) => (name == "own" ? own : Options[name].Filter).Apply(scores, context));
        Assert.Equal(expected.ToArray<float>(), chain.Apply(logits, context).ToArray<float>());
    }

    [Fact]
    public void ADrawnTokenThatIsRemovedKeepsItsTemperedLogit()
    {
        using var scope = TensorScope.Open();
        var logits = Tensor.From([1f, 4, 2, 3], 1, 4);
        var chain = new SamplingChain(new() { TopK = 2, Temperature = 0.5 }, []);
        var inf = float.NegativeInfinity;
        Assert.Equal([inf, 8, inf, 6], chain.Apply(logits, new([])).ToArray<float>());
        Assert.Equal([2, 8, inf, 6], chain.Apply(logits, new([]), Tensor.From([0L], 1)).ToArray<float>());
        Assert.Equal([inf, 8, inf, 6], chain.Apply(logits, new([]), Tensor.From([3L], 1)).ToArray<float>());
        var own = new SamplingChain(new(), [], [new AllowedTokensFilter(_ => [1])]);
        Assert.Equal([inf, 4, inf, 3], own.Apply(logits, new([new([0], [0])]), Tensor.From([3L], 1)).ToArray<float>());
    }

    [Fact]
    public void OnlyTemperatureLeavesTheLogitsToTheCaller()
    {
        Assert.True(Scales(new() { Temperature = 0.5 }));
        Assert.False(Scales(new() { TopK = 3 }));
        Assert.False(Scales(new() { RenormalizeLogits = true }));
        Assert.False(Scales(new() { SuppressTokens = [3] }));

        static bool Scales(SamplingOptions options)
        {
            var chain = new SamplingChain(options, Eos);
            return chain.OnlyScales;
        }
    }

    [Fact]
    public void AFilterFollowsItsRowsFromBeginToEndAndSeesTheirHiddenStates()
    {
        using var random = new RandomSource(11);
        var model = TinyModel.Gpt2();
        var filter = new Following(context => model.Logits(context.HiddenStates!));
        new TextGenerator(model, TinyModel.Pad, Eos) { Filters = [filter], BatchRows = 10 }
            .Generate(Prompts, new() { MaxNewTokens = 30 }, random, samples: 8);
        Assert.Equal((3, 3), (filter.Begun, filter.Disposed));
        Assert.True(filter.Selected > 0);
    }

    [Fact]
    public void AFilterFollowsItsBeams()
    {
        var model = TinyModel.Gpt2();
        var filter = new Following(context => model.Logits(context.HiddenStates!).LogSoftmax(-1));
        new BeamSearch(model, TinyModel.Pad, Eos) { Filters = [filter] }.Search(Prompts, new() { Beams = 3 }, new() { MaxNewTokens = 12 });
        Assert.Equal((1, 1), (filter.Begun, filter.Disposed));
        Assert.True(filter.Selected > 0);
    }

    [Fact]
    public void ABatchThatIsCancelledIsDisposedToo()
    {
        using var random = new RandomSource(11);
        using var cancellation = new CancellationTokenSource();
        var model = TinyModel.Gpt2();
        var filter = new Following(context => model.Logits(context.HiddenStates!));
        var generator = new TextGenerator(model, TinyModel.Pad, Eos) { Filters = [filter], OnToken = _ => cancellation.Cancel() };
        Assert.Throws<OperationCanceledException>(() => generator.Generate(Prompts, new(), random, cancellation: cancellation.Token));
        Assert.Equal((1, 1), (filter.Begun, filter.Disposed));
    }

    [Fact]
    public void BeamsAreScoredAgainAfterTokensAreTakenOut()
    {
        var options = new SamplingOptions { MaxNewTokens = 6, SuppressTokens = [.. Enumerable.Range(4, 20)] };
        var search = new BeamSearch(TinyModel.Gpt2(), TinyModel.Pad, Eos);
        var plain = search.Search(Prompts, new() { Beams = 1 }, options);
        var again = search.Search(Prompts, new() { Beams = 1 }, options with { RenormalizeLogits = true });
        Assert.Equal(plain.Select(response => response.Tokens), again.Select(response => response.Tokens));
        Assert.All(plain.Zip(again), both => Assert.True(both.First.Score < both.Second.Score - 0.01));
    }

    [Fact]
    public void TextsBecomeTokens()
    {
        var options = new SamplingOptions
        {
            BadWords = ["ab"], BadWordsIds = [[5]], NegativePrompt = "p", GuidanceScale = 2,
            SequenceBias = [new() { Text = "c", Bias = 1 }, new() { Tokens = [7], Bias = 2 }],
        };
        Assert.Contains("WithTokens", Assert.Throws<ArgumentException>(() => new SamplingChain(options, Eos)).Message);
        var tokens = options.WithTokens(text => [.. text.Select(letter => (int)letter)], prompt => [prompt.Length]);
        Assert.Equal([[5], ['a', 'b'], [' ', 'a', 'b']], tokens.BadWordsIds);
        Assert.Equal([1], tokens.NegativePromptIds);
        Assert.Equal([['c'], [7]], tokens.SequenceBias.Select(bias => bias.Tokens));
        var chain = new SamplingChain(tokens, Eos);
        Assert.True(chain.NeedsHistory);
    }

    [Fact]
    public void ATokenOutsideTheVocabularyIsNamed()
    {
        using var scope = TensorScope.Open();
        var (logits, context) = Random();
        var chain = new SamplingChain(new() { SuppressTokens = [TinyModel.Vocabulary] }, Eos);
        Assert.Contains("(was 32)", Assert.Throws<InvalidDataException>(() => chain.Apply(logits, context)).Message);
    }

    /// <summary>Logits (3, V), and three rows: an empty response, and two with two tokens.</summary>
    static (Tensor Logits, LogitsContext Context) Random()
    {
        using var random = new RandomSource(5);
        var logits = Tensor.Zeros([3, TinyModel.Vocabulary]).NormalInPlace(0, 3, random);
        TokenHistory[] rows = [.. Prompts.Select(prompt => new TokenHistory(prompt, prompt))];
        foreach (var row in rows[1..])
        {
            row.Add(7);
            row.Add(9);
        }
        return (logits, new(rows));
    }

    sealed class Offset(double amount) : ILogitsFilter
    {
        public Tensor Apply(Tensor logits, LogitsContext context) => logits + amount;
    }

    /// <summary>Asserts that each row continues its previous tokens, and that logits belong to the hidden states.</summary>
    sealed class Following(Func<LogitsContext, Tensor> logitsOf) : ILogitsFilter
    {
        public int Begun { get; private set; }

        public int Disposed { get; private set; }

        public int Selected { get; private set; }

        public ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows)
        {
            Begun++;
            Assert.All(rows, row => Assert.Equal(0, row.ResponseLength));
            return new Batch(this, rows);
        }

        public Tensor Apply(Tensor logits, LogitsContext context) => throw new InvalidOperationException("Begin must be called first");

        void Follow(Tensor logits, LogitsContext context, int[][] before)
        {
            double[] expected = [.. logitsOf(context).ToArray<float>().Select(number => (double)number)];
            Numeric.Close(expected, logits.ToArray<float>(), "logits", 1e-6, 1e-6);
            Assert.Equal(before.Length, context.Rows.Count);
            Assert.All(before.Zip(context.Rows), both => Assert.Equal(both.First, both.Second.Text.Take(both.First.Length)));
        }

        sealed class Batch(Following filter, IReadOnlyList<TokenHistory> rows) : ILogitsFilter, IDisposable
        {
            int[][] texts = [.. rows.Select(row => row.Text.ToArray())];

            public Tensor Apply(Tensor logits, LogitsContext context)
            {
                filter.Follow(logits, context, texts);
                texts = [.. context.Rows.Select(row => row.Text.ToArray())];
                return logits;
            }

            public void Select(long[] rows)
            {
                filter.Selected++;
                texts = [.. rows.Select(row => texts[row])];
            }

            public void Dispose() => filter.Disposed++;
        }
    }
}
