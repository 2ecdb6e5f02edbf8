using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Functions of TRL that several of its trainers call (utils), and A*-PO, composed of Attune's functions.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTrlPartsTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Utils => [.. GoldenFile.Cases("utils")];

    public static TheoryData<string> A2po => [.. GoldenFile.Cases("a2po")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Utils))]
    public void Function_OfTrl_Agrees(string name)
    {
        var (item, inputs) = GoldenFile.Read("utils", name);
        var expected = item.GetProperty("expected");
        Action compare = name switch
        {
            "selective_log_softmax" => () => CompareLogprobs(inputs, expected),
            "entropy_from_logits" => () => GoldenFile.Close(
                expected.GetProperty("entropy"), CrossEntropy.Entropy(GoldenFile.Tensor(inputs.GetProperty("logits"))), "entropy"),
            "nanstd" => () => CompareStatistics(GoldenTensor.Read(inputs.GetProperty("x_nan_inf")), expected),
            "flush_left" => () => CompareRows(inputs, expected),
            "pad" => () => ComparePadding(inputs.GetProperty("sequences"), expected),
            "repeat_sampler" => () => CompareOrder((int)inputs.Number("num_samples"), expected),
            _ => throw new InvalidOperationException(name),
        };
        compare();
    }

    [Theory]
    [MemberData(nameof(A2po))]
    public void Loss_OfA2po_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("a2po", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var offline = GoldenTensor.Read(inputs.GetProperty("offline_rewards"));
        double[] values = [.. offline.Data.Chunk((int)offline.Shape[1])
            .Select(rewards => Advantages.OptimalValue(rewards, hparams.Number("beta1")))];
        Golden.Close(GoldenTensor.Read(expected.GetProperty("v_star")).Data, values, "V*", Tolerance.Loss);
        var logprobs = GoldenFile.Leaf(inputs.GetProperty("policy_logps"));
        var advantages =
            GoldenFile.Tensor(inputs.GetProperty("rewards")) - Tensor.From([.. values.Select(value => (float)value)], values.Length);
        var logRatio = logprobs - GoldenFile.Tensor(inputs.GetProperty("ref_logps"));

        var loss = Masked.Reduce(PolicyLosses.AdvantageRegression(logRatio, advantages, hparams.Number("beta2")));
        loss.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_policy_logps"), logprobs.Grad!, "gradient");
        GoldenFile.Close(expected.GetProperty("metrics").GetProperty("advantage"), advantages.Mean(), "advantage");
    }

    static void CompareLogprobs(JsonElement inputs, JsonElement expected)
    {
        var (logits, index) = (GoldenFile.Tensor(inputs.GetProperty("logits")), GoldenFile.Tensor(inputs.GetProperty("index")));
        var flat = logits.Reshape(-1, logits.Size(-1));
        GoldenFile.Close(expected.GetProperty("logps"), -CrossEntropy.PerToken(flat, index.Reshape(-1)), "log-probabilities");
        GoldenFile.Close(
            expected.GetProperty("logps_k"), logits.LogSoftmax(-1).Gather(-1, GoldenFile.Tensor(inputs.GetProperty("index_k"))),
            "log-probabilities of several tokens");
    }

    /// <summary>Attune's standard deviation is 0 where there is no number; TRL's is NaN.</summary>
    static void CompareStatistics(GoldenTensor numbers, JsonElement expected)
    {
        Golden.Close([expected.Number("all")], [Advantages.Std(numbers.Data)], "all", Tolerance.Loss);
        double[] rows = [.. GoldenTensor.Read(expected.GetProperty("dim1_nan_inf")).Data];
        double[][] data = [.. numbers.Data.Chunk(rows.Length == 0 ? 1 : numbers.Data.Length / rows.Length)];
        Golden.Close(
            [.. rows.Where(double.IsFinite)], [.. data.Where(row => row.Any(double.IsFinite)).Select(row => Advantages.Std(row))], "rows",
            Tolerance.Loss);
        var known = numbers.Data.Where(double.IsFinite).ToList();
        Golden.Close([expected.Number("nanmin"), expected.Number("nanmax")], [known.Min(), known.Max()], "range", Tolerance.Loss);
    }

    /// <summary>Attune keeps rows without padding, and pads them on the right.</summary>
    static void CompareRows(JsonElement inputs, JsonElement expected)
    {
        var (mask, tokens) = (GoldenTensor.Read(inputs.GetProperty("mask")), GoldenTensor.Read(inputs.GetProperty("tensor")));
        var width = (int)mask.Shape[1];
        int[][] rows = [.. tokens.Longs.Zip(mask.Longs).Chunk(width)
            .Select(row => row.Where(token => token.Second == 1).Select(token => (int)token.First).ToArray())];
        var padded = PaddedRows.From(rows, padId: 0);
        Golden.Equal(
            GoldenTensor.Read(expected.GetProperty("mask")).Longs, padded.Mask.Select(real => real ? 1L : 0), "mask");
        var kept = GoldenTensor.Read(expected.GetProperty("tensor")).Longs.Zip(padded.Mask).Select(token => token.Second ? token.First : 0);
        Golden.Equal(kept, padded.Tokens, "tokens");
    }

    static void ComparePadding(JsonElement sequences, JsonElement expected)
    {
        int[][] rows = [.. sequences.EnumerateArray().Select(row => row.EnumerateArray().Select(token => token.GetInt32()).ToArray())];
        var right = PaddedRows.From(rows, padId: 0);
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("right")).Longs, right.Tokens, "right");
        var multiple = GoldenTensor.Read(expected.GetProperty("right_multiple_of_4"));
        Golden.Equal(
            multiple.Longs.Chunk((int)multiple.Shape[1]).SelectMany(row => row[..right.Length]), right.Tokens, "right, multiple of 4");
        var left = rows.SelectMany(row => Enumerable.Repeat(7L, right.Length - row.Length).Concat(row.Select(token => (long)token)));
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("left")).Longs, left, "left");
    }

    /// <summary>A step has the responses of each prompt side by side, and sees them as often as it has epochs.</summary>
    static void CompareOrder(int count, JsonElement expected)
    {
        foreach (var sampler in expected.EnumerateArray())
        {
            var (group, batch, epochs) =
                ((int)sampler.Number("mini_repeat_count"), (int)sampler.Number("batch_size"), (int)sampler.Number("repeat_count"));
            var order = Enumerable.Range(0, count).Chunk(batch).Where(prompts => prompts.Length == batch)
                .SelectMany(prompts => Enumerable.Repeat(Rows(prompts, group), epochs)).SelectMany(rows => rows);
            Golden.Equal(sampler.GetProperty("indices").EnumerateArray().Select(index => index.GetInt64()), order, "order");
        }

        static IEnumerable<long> Rows(int[] prompts, int group) => Rollouts.From(
            [.. prompts.Select(prompt => new TokenPrompt([prompt], ""))],
            [.. Enumerable.Repeat(new Response([1], [0], [], Ended: true), prompts.Length * group)], Device.Cpu)
            .Prompts.Select(prompt => (long)prompt.Tokens[0]);
    }
}
