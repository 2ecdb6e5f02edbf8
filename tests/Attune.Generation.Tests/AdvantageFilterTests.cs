using Attune.Models;
using Attune.Models.Heads;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

/// <summary>A model with the heads of ILQL generates with the shift by β (Q − V) that it was saved with.</summary>
public sealed class AdvantageFilterTests : IDisposable
{
    static readonly int[] Eos = [TinyModel.Eos];
    static readonly int[][] Prompts = [[3, 9, 4], [8], [5, 6, 7, 8, 9]];

    readonly TensorScope scope = TensorScope.Open();
    readonly LanguageModel model = TinyModel.Gpt2();

    public AdvantageFilterTests()
    {
        using var random = new RandomSource(2);
        var heads = IlqlHeads.AddTo(model, twoQs: true, random);
        using var noGrad = Autograd.NoGrad();
        foreach (var parameter in heads.TargetQ[0].Parameters)
            parameter.Value.LerpInPlace(parameter.Value * 2, 1);             // the two targets differ
    }

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Generate_ModelWithSettings_UsesThemUnlessTheOptionsHaveOthers()
    {
        var plain = Drawn(new());
        model.Advantage = new(8, 5);
        Assert.NotEqual(plain, Drawn(new()));
        Assert.Equal(Drawn(new()), Drawn(new() { AdvantageBeta = 8, TopK = 5 }));
        Assert.Equal(plain, Drawn(new() { AdvantageBeta = 0 }));
        Assert.NotEqual(Drawn(new()), Drawn(new() { AdvantageBeta = 2 }));
        Assert.NotEqual(Drawn(new()), Drawn(new() { TopK = 2 }));
        IlqlHeads.RemoveFrom(model);
        Assert.Equal(plain, Drawn(new()));
    }

    [Fact]
    public void Generate_BetaWithoutHeads_IsRefused()
    {
        IlqlHeads.RemoveFrom(model);
        Assert.Contains("advantageBeta must be 0 or left out (was 1)",
            Assert.Throws<InvalidDataException>(() => Drawn(new() { AdvantageBeta = 1 })).Message);
    }

    [Fact]
    public void Apply_BeforeTopK_KeepsTheTokensThatAreLikelyAfterTheShift()
    {
        var heads = IlqlHeads.Of(model)!;
        var hidden = Tensor.From([.. Enumerable.Range(0, 64).Select(i => MathF.Sin(i))], 2, 32);
        var logits = Tensor.From([.. Enumerable.Range(0, 64).Select(i => MathF.Cos(3 * i))], 2, 32);
        var options = new SamplingOptions { AdvantageBeta = 5, TopK = 4, Temperature = 0.5 };
        var chain = new SamplingChain(options, Eos, AdvantageFilter.From(options, model));
        var shifted = AdvantageFilter.Shift(
            logits, Tensor.Minimum(heads.TargetQ[0].Forward(hidden), heads.TargetQ[1].Forward(hidden)), heads.Value.Forward(hidden), 5);
        var expected = new TopKFilter(4).Apply(shifted / 0.5, new([])).ToArray<float>();
        var kept = chain.Apply(logits, new([], hidden)).ToArray<float>();
        Assert.Equal(8, kept.Count(float.IsFinite));
        Numeric.Close(Finite(expected), Finite(kept), "logits", 1e-5, 1e-5);
        Assert.False(chain.OnlyScales);

        static double[] Finite(float[] all) => [.. all.Select(value => float.IsFinite(value) ? (double)value : -1e3)];
    }

    [Fact]
    public void Search_WithBeams_UsesTheShift()
    {
        var before = Found();
        model.Advantage = new(8, 0);
        Assert.NotEqual(before, Found());

        string Found() => string.Join('|', new BeamSearch(model, TinyModel.Pad, Eos)
            .Search(Prompts, new() { Beams = 3 }, new() { MaxNewTokens = 6 }).Select(found => string.Join(' ', found.Tokens)));
    }

    string Drawn(SamplingOptions options)
    {
        using var random = new RandomSource(11);
        var generator = new TextGenerator(model, TinyModel.Pad, Eos);
        var responses = generator.Generate(Prompts, options with { MaxNewTokens = 12 }, random, samples: 4);
        return string.Join('|', responses.Select(response => string.Join(' ', response.Tokens)));
    }
}
