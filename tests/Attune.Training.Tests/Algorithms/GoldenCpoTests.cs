using System.Text.Json;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>CPO, SimPO, CPO-SimPO and AlphaPO, and their gradients, as TRL computes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenCpoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("cpo_simpo")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_FromLogits_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("cpo_simpo", name);
        var expected = item.GetProperty("expected");
        var options = Options(item.GetProperty("hparams"));
        var pairs = new GoldenPairs(inputs);
        var logprobs = options.UsesMeans ? pairs.Sums().Means : pairs.Sums();
        var nll = Masked.Reduce(pairs.ChosenNll, count: pairs.ChosenTokens);

        var loss = Masked.Reduce(Cpo.PairLoss(logprobs, options), count: pairs.Count) + nll * options.CpoAlpha;

        pairs.Close(expected, loss);
        GoldenPairs.Close(expected, PairObjective.Metrics(
            Cpo.Reward(logprobs.Chosen, options), Cpo.Reward(logprobs.Rejected, options), logprobs, pairs.Count));
        if (options.CpoAlpha > 0)
            GoldenFile.Close(expected.GetProperty("metrics").GetProperty("nll_loss"), nll, "nll_loss");
    }

    static CpoOptions Options(JsonElement hparams) => new()
    {
        Beta = hparams.Number("beta"),
        Loss = GoldenPairs.Name<CpoLoss>(hparams.GetProperty("loss_type")),
        CpoAlpha = hparams.Number("cpo_alpha"),
        SimpoGamma = hparams.Number("simpo_gamma"),
        Alpha = hparams.Number("alpha"),
        LabelSmoothing = hparams.Number("label_smoothing"),
    };
}
