using Attune.Data;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Losses and gradients that TRL, transformers and trlX computed.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenLossTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Sft => [.. GoldenFile.Cases("sft")];

    public static TheoryData<string> CrossEntropies => [.. GoldenFile.Cases("cross_entropy")];

    public static TheoryData<string> RewardPairwise => [.. GoldenFile.Cases("reward_pairwise")];

    public static TheoryData<string> RewardKwise => [.. GoldenFile.Cases("reward_kwise")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Sft))]
    public void FineTuningAgrees(string name)
    {
        var (item, inputs) = GoldenFile.Read("sft", name);
        var hparams = item.GetProperty("hparams");
        var expected = item.GetProperty("expected");
        var logits = GoldenFile.Leaf(inputs.GetProperty("logits"));
        var labels = GoldenFile.Tensor(inputs.GetProperty($"labels_{hparams.GetProperty("labels").GetString()}"));
        var (before, targets) = Shifted(logits, labels);

        var options = new SftOptions
        {
            Loss = Enum.Parse<SftLoss>(hparams.GetProperty("loss_type").GetString()!, ignoreCase: true),
            LabelSmoothing = hparams.Number("label_smoothing"),
        };
        var (perToken, _) = Training.Algorithms.Sft.PerToken(options)(before * 1, targets);     // it may overwrite the logits
        var loss = Masked.Reduce(perToken, count: hparams.Optional("num_items_in_batch"));

        loss.Backward();
        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_logits"), logits.Grad!, "gradient");
        var accuracy = before.ArgMax(-1).EqualTo(targets).To(DType.Float32).Mean();
        GoldenFile.Close(expected.GetProperty("metrics").GetProperty("mean_token_accuracy"), accuracy, "accuracy");
    }

    [Theory]
    [MemberData(nameof(CrossEntropies))]
    public void CrossEntropyAgrees(string name)
    {
        var (item, inputs) = GoldenFile.Read("cross_entropy", name);
        var logits = GoldenFile.Leaf(inputs.GetProperty("logits"));
        var labels = GoldenFile.Tensor(inputs.GetProperty("labels"));
        var flat = logits.Reshape(-1, logits.Size(-1));
        var loss = labels.DType == DType.Int64
            ? Wanted(flat, labels.Reshape(-1)) is var (rows, targets) ? Masked.Reduce(CrossEntropy.PerToken(rows, targets)) : null!
            : Masked.Reduce((flat.Squeeze(-1) - labels).Square());
        loss.Backward();
        GoldenFile.Close(item.GetProperty("expected").GetProperty("loss"), loss, "loss");
        GoldenFile.Close(item.GetProperty("expected").GetProperty("grad_logits"), logits.Grad!, "gradient");
    }

    [Theory]
    [MemberData(nameof(RewardPairwise))]
    public void PairsAgree(string name)
    {
        var (item, inputs) = GoldenFile.Read("reward_pairwise", name);
        var hparams = item.GetProperty("hparams");
        var rewards = GoldenFile.Leaf(inputs.GetProperty("rewards"));
        var half = rewards.Size(0) / 2;
        var margin = hparams.Flag("use_margin") ? GoldenFile.Tensor(inputs.GetProperty("margin")) : null;
        var loss = Masked.Reduce(RewardModeling.PairLoss(
            rewards.Slice(0, 0, half), rewards.Slice(0, half), margin, hparams.Optional("center_rewards_coefficient") ?? 0));
        loss.Backward();
        GoldenFile.Close(item.GetProperty("expected").GetProperty("loss"), loss, "loss");
        GoldenFile.Close(item.GetProperty("expected").GetProperty("grad_rewards"), rewards.Grad!, "gradient");
        var (metrics, chosen, rejected) =
            (item.GetProperty("expected").GetProperty("metrics"), rewards.Slice(0, 0, half).Detach(), rewards.Slice(0, half).Detach());
        GoldenFile.Close(metrics.GetProperty("accuracy"), RewardModeling.Accuracy(chosen, rejected).Mean(), "accuracy");
        GoldenFile.Close(metrics.GetProperty("margin"), (chosen - rejected).Mean(), "margin");
    }

    [Theory]
    [MemberData(nameof(RewardKwise))]
    public void RankingsAgree(string name)
    {
        var (item, inputs) = GoldenFile.Read("reward_kwise", name);
        var expected = item.GetProperty("expected");
        var scores = GoldenFile.Leaf(inputs.GetProperty("scores"));
        var ranks = GoldenTensor.Read(inputs.GetProperty("ranks"));
        var prompts = ranks.Longs.Select(rank => (int?)rank).Chunk((int)ranks.Shape[1]).ToArray();
        var pairs = PairBatch.From(
            [.. prompts.Select((own, prompt) =>
            new TokenComparisons([.. own.Select((_, at) => (int[])[prompt, at])], 1, ComparisonSet.FromRanks(own).Comparisons))]);
        var flat = scores.Reshape(-1);
        var losses = RewardModeling.PairLoss(Pick(pairs.Chosen), Pick(pairs.Rejected), margin: null, centerCoef: 0);
        var weighted = losses * Tensor.From(pairs.Weights, pairs.Weights.Length);
        var loss = Masked.Reduce(weighted, count: prompts.Length);
        if (expected.TryGetProperty("loss_per_prompt", out var each))
            GoldenFile.Close(
                each, Tensor.From((float[])[.. weighted.Detach().ToArray<float>().Zip(pairs.Examples)
                .GroupBy(pair => pair.Second, pair => pair.First).Select(own => own.Sum())], prompts.Length), "loss of each prompt");
        loss.Backward();
        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_scores"), scores.Grad!, "gradient");
        if (expected.TryGetProperty("pairs", out var count))
            Golden.Equal(count.GetInt32(), pairs.Chosen.Length, "pairs");

        Tensor Pick(long[] index) => flat.IndexSelect(0, Tensor.From(index, index.Length));
    }

    static (Tensor Before, Tensor Targets) Shifted(Tensor logits, Tensor labels) =>
        Wanted(logits.Slice(1, 0, -1).Reshape(-1, logits.Size(-1)), labels.Slice(1, 1).Reshape(-1));

    /// <summary>The rows whose label is not −100.</summary>
    static (Tensor Rows, Tensor Targets) Wanted(Tensor rows, Tensor labels)
    {
        var known = labels.ToArray<long>().Select((label, i) => (label, i)).Where(row => row.label != -100).ToArray();
        return (
            rows.IndexSelect(0, Tensor.From(known.Select(row => (long)row.i).ToArray(), known.Length)),
            Tensor.From(known.Select(row => row.label).ToArray(), known.Length));
    }
}
