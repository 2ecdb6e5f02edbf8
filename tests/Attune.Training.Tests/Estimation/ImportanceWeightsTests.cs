using Attune.Torch;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Estimation;

/// <summary>Weights of importance sampling, computed by hand from w = 0.25, 2 and 8 in one response and 0.5, 1, 1 in another.</summary>
public sealed class ImportanceWeightsTests
{
    static readonly double[] Ratios = [0.25, 2, 8, 0.5, 1, 1];

    [Fact]
    public void From_None_IsNull() => Assert.Null(ImportanceWeights.From(LogRatio(), ImportanceCorrection.None, min: null, max: 3));

    [Theory]
    [InlineData(ImportanceCorrection.TruncatedToken, null, 3, new[] { 0.25, 2, 3, 0.5, 1, 1 })]
    [InlineData(ImportanceCorrection.TruncatedSequence, null, 3, new[] { 3, 3, 3, 0.5, 0.5, 0.5 })]         // products: 4 and 0.5
    [InlineData(ImportanceCorrection.Icepop, 0.5, 5, new[] { 0, 2, 0, 0.5, 1, 1 })]
    [InlineData(ImportanceCorrection.MaskedSequence, null, 3, new[] { 0, 0, 0, 0.5, 0.5, 0.5 })]
    [InlineData(ImportanceCorrection.MaskedSequence, null, 4.5, new[] { 4, 4, 4, 0.5, 0.5, 0.5 })]
    [InlineData(ImportanceCorrection.MaskedSequence, 0.6, 4.5, new[] { 4, 4, 4, 0.0, 0, 0 })]
    public void From_Ratios_AreTheWeights(ImportanceCorrection correction, double? min, double max, double[] expected)
    {
        var weights = ImportanceWeights.From(LogRatio(), correction, min, max)!;
        Assert.Equal([2, 3], weights.Shape);
        Assert.Equal(expected, weights.ToArray<float>().Select(weight => Math.Round(weight, 5)));
    }

    [Fact]
    public void From_ARatioThatOverflows_IsTruncatedOrMasked()
    {
        var far = Tensor.From([1e4f, -1e4f], 2, 1);
        Assert.Equal([3, 0], ImportanceWeights.From(far, ImportanceCorrection.TruncatedToken, min: null, max: 3)!.ToArray<float>());
        Assert.Equal([0, 0], ImportanceWeights.From(far, ImportanceCorrection.MaskedSequence, min: null, max: 3)!.ToArray<float>());
    }

    /// <summary>w − 1 − log w: 0.25 − 1 + 1.38629, 2 − 1 − 0.69315, 8 − 1 − 2.07944, 0.5 − 1 + 0.69315, 0, 0.</summary>
    [Fact]
    public void Divergence_Ratios_IsK3() => Assert.Equal(
        [0.63629, 0.30685, 4.92056, 0.19315, 0, 0],
        ImportanceWeights.Divergence(LogRatio()).ToArray<float>().Select(nats => Math.Round(nats, 5)));

    static Tensor LogRatio() => Tensor.From([.. Ratios.Select(ratio => (float)Math.Log(ratio))], 2, 3);
}
