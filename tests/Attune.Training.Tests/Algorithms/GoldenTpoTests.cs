using System.Text.Json;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>TPO and its gradients as TRL computes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTpoTests : IDisposable
{
    const int Pairs = 3;

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("tpo")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_FromLogits_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("tpo", name);
        var expected = item.GetProperty("expected");
        var options = Options(item.GetProperty("hparams"));
        var hasGold = options.TpoAlpha > 0;
        var pairs = new GoldenPairs(inputs, rows: hasGold ? 3 * Pairs : 2 * Pairs, Pairs);
        var logprobs = options.UsesMeans ? pairs.Sums().Means : pairs.Sums();

        var loss = Masked.Reduce(Tpo.PairLoss(logprobs, options), count: Pairs);
        if (hasGold)
        {
            var gold = pairs.Mask.Slice(0, 2 * Pairs);
            loss += Masked.Reduce(-pairs.NllLogprobs.Slice(0, 2 * Pairs), gold) * options.TpoAlpha;
        }

        pairs.Close(expected, loss);
        GoldenPairs.Close(expected, PairObjective.Metrics(
            logprobs.Chosen * options.Beta, logprobs.Rejected * options.Beta, logprobs, Pairs));
    }

    static TpoOptions Options(JsonElement hparams) => new()
    {
        Beta = hparams.Number("beta"),
        Loss = GoldenPairs.Name<TpoLoss>(hparams.GetProperty("loss_type")),
        TpoAlpha = hparams.Number("tpo_alpha"),
        Gamma = hparams.Number("tpo_l_gamma"),
        LabelSmoothing = hparams.Number("label_smoothing"),
    };
}
