using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>ORPO and its gradients as TRL computes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenOrpoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("orpo")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_FromLogits_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("orpo", name);
        var expected = item.GetProperty("expected");
        var options = new OrpoOptions { Beta = item.GetProperty("hparams").Number("beta") };
        var pairs = new GoldenPairs(inputs);
        var texts = GoldenFile.Tensor(inputs.GetProperty("attention_mask")).Slice(1, 1).EqualTo(1);
        var whole = PairLogprobs.From(pairs.NllLogprobs, texts, pairs.Chosen, pairs.Rejected);
        var nll = Masked.Reduce(-whole.Chosen, count: whole.ChosenLengths.Sum().Item());
        var means = pairs.Sums().Means;
        var logOdds = Orpo.LogOdds(means);
        var ratio = Masked.Reduce(logOdds.LogSigmoid(), count: pairs.Count);

        pairs.Close(expected, nll - ratio * options.Beta);
        GoldenPairs.Close(expected, Orpo.Metrics(means, logOdds, ratio, nll, options, pairs.Count));
    }
}
