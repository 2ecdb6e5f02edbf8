using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Different ways to compute the same thing give the same numbers.</summary>
public sealed class EquivalenceTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    public static TheoryData<string> Decoders => [.. GoldenModels.Decoders];

    public static TheoryData<string> Readers => [.. GoldenModels.Decoders, .. GoldenModels.Encoders];

    [Theory]
    [MemberData(nameof(Decoders))]
    public void CachedEqualsUncached(string name)
    {
        var model = Load(name);
        var tokens = Tokens(2, 12);
        var whole = model.HiddenStates(new(tokens));
        using var cache = model.Backbone.NewCache(2, 12);
        long[] ends = [5, 6, 9, 10, 12];
        foreach (var end in ends)
        {
            var start = cache.Length;
            var hidden = model.HiddenStates(new(tokens.Slice(1, start, end)), cache);
            cache.Advance(end - start);
            Close(whole.Slice(1, start, end), hidden);
        }
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void PaddingSideAndBatchMatesChangeNothing(string name)
    {
        var model = Load(name);
        var (shorter, longer) = (Tokens(1, 8), Tokens(1, 12));
        var (padding, ones) = (Tensor.Zeros([1, 4], DType.Int64), Tensor.Ones([1, 20], DType.Bool));
        var (alone, mate) = (model.HiddenStates(new(shorter)), model.HiddenStates(new(longer)));

        var left = Batch(Tensor.Concatenate(1, padding, shorter), Tensor.Concatenate(1, !ones.Slice(1, 0, 4), ones.Slice(1, 0, 8)));
        Close(alone, left.Slice(0, 0, 1).Slice(1, 4));
        Close(mate, left.Slice(0, 1, 2));
        var right = Batch(Tensor.Concatenate(1, shorter, padding), Tensor.Concatenate(1, ones.Slice(1, 0, 8), !ones.Slice(1, 0, 4)));
        Close(alone, right.Slice(0, 0, 1).Slice(1, 0, 8));
        Close(mate, right.Slice(0, 1, 2));

        Tensor Batch(Tensor tokens, Tensor mask) => model.HiddenStates(ModelInput.FromPadded(
            Tensor.Concatenate(0, tokens, longer), Tensor.Concatenate(0, mask, ones.Slice(1, 0, 12))));
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void DocumentsPackedIntoOneRowDoNotSeeEachOther(string name)
    {
        var model = Load(name);
        var (first, second) = (Tokens(1, 8), Tokens(1, 7));
        var packed = new ModelInput(
            Tensor.Concatenate(1, first, second),
            Positions: Tensor.Concatenate(1, Tensor.Arange(0, 8).Unsqueeze(0), Tensor.Arange(0, 7).Unsqueeze(0)),
            Segments: Tensor.Concatenate(1, Tensor.Zeros([1, 8], DType.Int64), Tensor.Ones([1, 7], DType.Int64)));
        var hidden = model.HiddenStates(packed);
        Close(model.HiddenStates(new(first)), hidden.Slice(1, 0, 8));
        Close(model.HiddenStates(new(second)), hidden.Slice(1, 8));
    }

    [Fact]
    public void ATokenOfAnEncoderSeesWhatComesAfterIt()
    {
        var model = TinyModel.Bert();
        var first = model.HiddenStates(new(Tensor.From([3L, 9, 4], 1, 3))).Select(1, 0).ToArray<float>();
        Assert.NotEqual(first, model.HiddenStates(new(Tensor.From([3L, 9, 5], 1, 3))).Select(1, 0).ToArray<float>());
        Assert.Throws<InvalidOperationException>(() => model.Backbone.NewCache(1, 3));
    }

    [Fact]
    public void PositionsOfRobertaCountFromThePaddingTokenWhetherTheyAreGivenOrNot()
    {
        var config = TinyModel.Bert().Config;
        config["model_type"] = "roberta";
        using var random = new RandomSource(1);
        var model = Pretrained.NewLanguageModel(config, random);
        Assert.Equal(48 - TinyModel.Pad - 1, model.Backbone.ContextLength);
        var tokens = Tensor.From([TinyModel.Pad, 3L, 9, 4, 8, 7, 6, 5], 2, 4);
        var mask = tokens.NotEqualTo(TinyModel.Pad);
        Close(
            model.HiddenStates(new(tokens, mask)).Select(0, 0).Slice(0, 1),
            model.HiddenStates(ModelInput.FromPadded(tokens, mask)).Select(0, 0).Slice(0, 1));
    }

    [Fact]
    public void AnEncodersScoreIsReadAtTheFirstToken()
    {
        using var random = new RandomSource(1);
        var model = Pretrained.NewRewardModel(TinyModel.Bert().Config, random);
        var alone = model.Score(new(Tensor.From([3L, 9, 4], 1, 3)));
        Close(
            alone,
            model.Score(ModelInput.FromPadded(Tensor.From([3L, 9, 4, 8, 8], 1, 5), Tensor.From([true, true, true, false, false], 1, 5))));
        Assert.Throws<InvalidOperationException>(() => model.ScoreTokens(new(Tensor.From([3L, 9, 4], 1, 3))));
    }

    [Theory]
    [MemberData(nameof(Decoders))]
    public void TheScoreIsReadAtTheLastRealToken(string name)
    {
        using var random = new RandomSource(1);
        var model = Pretrained.NewRewardModel(Load(name).Config, random);
        var alone = model.Score(new(Tensor.From([3L, 9, 4], 1, 3)));
        var right = ModelInput.FromPadded(Tensor.From([3L, 9, 4, 8, 8], 1, 5), Tensor.From([true, true, true, false, false], 1, 5));
        var left = ModelInput.FromPadded(Tensor.From([8L, 8, 3, 9, 4], 1, 5), Tensor.From([false, false, true, true, true], 1, 5));
        Close(alone, model.Score(right));
        Close(alone, model.Score(left));
        Close(alone, model.ScoreTokens(right).Slice(1, 2, 3).Squeeze(1));
    }

    [Fact]
    public void DropoutActsOnlyWhileARandomSourceIsSet()
    {
        var shape = new ModelShape { Layers = 1, Width = 32, Heads = 2, Context = 16, Dropout = 0.5 };
        using var random = new RandomSource(1);
        var model = Pretrained.NewLanguageModel(shape.ToConfig(TinyModel.Vocabulary, 0, 0, 1), random);
        var input = new ModelInput(Tensor.From([3L, 9, 4], 1, 3));
        var plain = model.HiddenStates(input).ToArray<float>();
        model.SetDropout(random);
        Assert.NotEqual(plain, model.HiddenStates(input).ToArray<float>());
        model.SetDropout(null);
        Assert.Equal(plain, model.HiddenStates(input).ToArray<float>());
    }

    [Fact]
    public void AnEncoderDecoderReadsItsSourceOnceAndCachedEqualsUncached()
    {
        var model = TinyModel.T5();
        var source = ModelInput.FromPadded(
            Tensor.From([TinyModel.Pad, 3L, 9, 4, 8, 7, 6, 5], 2, 4), Tensor.From([false, true, true, true, true, true, true, true], 2, 4));
        var tokens = Tensor.From([0L, 9, 4, 0, 5, 6], 2, 3);
        var whole = model.HiddenStates(new(tokens, Source: source));
        using var cache = model.Backbone.NewCache(2, 3);
        for (var t = 0; t < 3; t++)
        {
            var hidden = model.HiddenStates(new(tokens.Slice(1, t, t + 1), Source: t == 0 ? source : null), cache);
            cache.Advance(1);
            Close(whole.Slice(1, t, t + 1), hidden);
        }
    }

    [Fact]
    public void SelectedRowsOfACacheKeepTheirSource()
    {
        var model = TinyModel.T5();
        var source = ModelInput.FromPadded(
            Tensor.From([3L, 9, 4, TinyModel.Pad, 8, 7, 6, 5], 2, 4), Tensor.From([true, true, true, false, true, true, true, true], 2, 4));
        using var cache = model.Backbone.NewCache(2, 2);
        model.HiddenStates(new(Tensor.From([0L, 0], 2, 1), Source: source), cache);
        cache.Advance(1);
        cache.Select(Tensor.From([1L, 0, 0], 3));
        var hidden = model.HiddenStates(new(Tensor.From([5L, 6, 7], 3, 1)), cache);
        Close(
            model.HiddenStates(new(Tensor.From([0L, 5], 1, 2), Source: new(Tensor.From([8L, 7, 6, 5], 1, 4)))).Slice(1, 1),
            hidden.Slice(0, 0, 1));
        Close(
            model.HiddenStates(new(Tensor.From([0L, 7], 1, 2), Source: new(Tensor.From([3L, 9, 4], 1, 3)))).Slice(1, 1),
            hidden.Slice(0, 2));
    }

    [Fact]
    public void AnEncoderDecoderScoresATextWhereItEnds()
    {
        using var random = new RandomSource(1);
        var model = Pretrained.NewRewardModel(
            new ModelShape { Family = "t5", Layers = 1, Width = 32, Heads = 2, Context = 16 }.ToConfig(TinyModel.Vocabulary, null, 0, 1),
            random);
        var padded = ModelInput.FromPadded(
            Tensor.From([3L, 9, 0, 1, 8, 7, 6, 0], 2, 4), Tensor.From([true, true, true, false, true, true, true, true], 2, 4));
        var alone = new ModelInput(Tensor.From([3L, 9, 0], 1, 3));
        var state = model.Backbone.Forward(new(Tensor.From([1L, 3, 9], 1, 3), Source: alone)).Select(1, 2);
        var weights = model.NamedParameters().ToDictionary(parameter => parameter.Name, parameter => parameter.Value.Value);
        var expected = state.Linear(weights["classification_head.dense.weight"]).Tanh()
            .Linear(weights["classification_head.out_proj.weight"]).Squeeze(1);
        Close(expected, model.Score(alone));
        Close(expected, model.Score(padded).Slice(0, 0, 1));
    }

    static LanguageModel Load(string name) => Pretrained.LoadLanguageModel(Golden.PathTo("models", name));

    static Tensor Tokens(long rows, int columns) =>
        Tensor.From([.. Enumerable.Range(0, (int)rows * columns).Select(i => 3L + (i * i + 5 * i + columns) % 97)], rows, columns);

    static void Close(Tensor expected, Tensor actual) =>
        Numeric.Close(Array.ConvertAll(expected.ToArray<float>(), x => (double)x), actual.ToArray<float>(), "hidden states", 1e-5, 1e-5);
}
