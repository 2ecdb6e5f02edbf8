using System.Text.Json;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>
/// PPO as TRL and trlX compute it, composed of Attune's functions, with their placement of masks and scores: TRL counts one column after
/// a response as a state, and trlX whitens over padding too.
/// </summary>
[Trait("Category", "Golden")]
public sealed class GoldenPpoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Trl => [.. GoldenFile.Cases("ppo")];

    public static TheoryData<string> TrlX => [.. GoldenFile.Cases("ppo_trlx")];

    public static TheoryData<string> Helpers => [.. GoldenFile.Cases("ppo_helpers")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Trl))]
    public void RolloutsAndLossesOfTrlAgree(string name)
    {
        var (item, inputs) = GoldenFile.Read("ppo", name);
        var hparams = item.GetProperty("hparams");
        var (expected, rollout) = (item.GetProperty("expected"), item.GetProperty("expected").GetProperty("rollout"));
        var temperature = hparams.Number("temperature") + 1e-7;
        var responses = GoldenFile.Tensor(rollout.GetProperty("postprocessed_responses"));                  // (B, T)
        var prompt = GoldenFile.Tensor(inputs.GetProperty("queries")).Size(1);
        var padding = GoldenFile.Tensor(rollout.GetProperty("padding_mask"));
        var paddingAfter = GoldenFile.Tensor(rollout.GetProperty("padding_mask_p1"));

        Golden.Equal(
            GoldenTensor.Read(rollout.GetProperty("postprocessed_responses")).Longs,
            Truncated(inputs, hparams).SelectMany(row => row), "responses");
        var logprobs = Logprobs(GoldenFile.Tensor(inputs.GetProperty("rollout_logits")), responses, temperature).MaskedFill(padding, 1);
        var refLogprobs = Logprobs(AtResponse(GoldenFile.Tensor(inputs.GetProperty("ref_logits")), prompt), responses, temperature)
            .MaskedFill(padding, 1);
        GoldenFile.Close(rollout.GetProperty("logprobs"), logprobs, "logprobs");
        GoldenFile.Close(rollout.GetProperty("ref_logprobs"), refLogprobs, "reference logprobs");
        var values = AtResponse(GoldenFile.Tensor(inputs.GetProperty("values")), prompt).MaskedFill(paddingAfter, 0);
        GoldenFile.Close(rollout.GetProperty("values"), values, "values");

        var estimator = Enum.Parse<KlEstimator>(hparams.GetProperty("kl_estimator").GetString()!, ignoreCase: true);
        var nats = Kl.Estimate(logprobs, refLogprobs, estimator);
        GoldenFile.Close(rollout.GetProperty("kl"), nats, "KL");
        var rewards = nats * -hparams.Number("kl_coef") + ScoresAtTheEnd(inputs, hparams, rollout);
        if (hparams.Flag("whiten_rewards"))
            rewards = Masked.Whiten(rewards, !paddingAfter, keepMean: true).MaskedFill(paddingAfter, 0);
        GoldenFile.Close(rollout.GetProperty("rewards"), rewards, "rewards");
        var (advantages, returns) = Gae.Estimate(rewards, values, hparams.Number("gamma"), hparams.Number("lam"));
        advantages = Masked.Whiten(advantages, !padding).MaskedFill(padding, 0);
        GoldenFile.Close(rollout.GetProperty("advantages"), advantages, "advantages");
        GoldenFile.Close(rollout.GetProperty("returns"), returns, "returns");

        CompareMinibatches(
            inputs, hparams, expected, new(responses, logprobs, values, advantages, returns, !padding, !paddingAfter), prompt, temperature);
    }

    [Theory]
    [MemberData(nameof(TrlX))]
    public void LossesOfTrlXAgree(string name)
    {
        var (item, inputs) = GoldenFile.Read("ppo_trlx", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var logprobs = GoldenFile.Leaf(inputs.GetProperty("logprobs"));
        var values = GoldenFile.Leaf(inputs.GetProperty("values"));
        var (oldLogprobs, oldValues) =
            (GoldenFile.Tensor(inputs.GetProperty("old_logprobs")), GoldenFile.Tensor(inputs.GetProperty("old_values")));
        var mask = GoldenFile.Tensor(inputs.GetProperty("mask")) > 0.5;

        var (advantages, returns) =
            Gae.Estimate(GoldenFile.Tensor(inputs.GetProperty("rewards")), oldValues, hparams.Number("gamma"), hparams.Number("lam"));
        if (hparams.Flag("use_whitening"))
            advantages = Masked.Whiten(advantages, mask | !mask);
        GoldenFile.Close(expected.GetProperty("advantages"), advantages, "advantages");
        GoldenFile.Close(expected.GetProperty("returns"), returns, "returns");

        var ratio = (logprobs - oldLogprobs).Exp();
        var policy = Masked.Reduce(PolicyLosses.Clipped(ratio, advantages, hparams.Number("cliprange"), hparams.Number("cliprange")), mask);
        var value = Masked.Reduce(ActorCritic.ValueLoss(values, oldValues, returns, hparams.Number("cliprange_value")), mask);
        var loss = policy + value * hparams.Number("vf_coef");
        loss.Backward();
        var stats = expected.GetProperty("stats");
        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(stats.GetProperty("losses/policy_loss"), policy, "policy loss");
        GoldenFile.Close(stats.GetProperty("losses/value_loss"), value, "value loss");
        GoldenFile.Close(stats.GetProperty("policy/approx_kl"), ApproximateKl(logprobs, oldLogprobs, mask), "approximate KL");
        GoldenFile.Close(expected.GetProperty("grad_logprobs"), logprobs.Grad!, "gradient of logprobs");
        GoldenFile.Close(expected.GetProperty("grad_values"), values.Grad!, "gradient of values");
    }

    /// <summary>mean((r − 1) − log r) over all cells: log r is 0 at padding, and its cells count.</summary>
    static Tensor ApproximateKl(Tensor logprobs, Tensor oldLogprobs, Tensor mask) =>
        Kl.Estimate(oldLogprobs.MaskedFill(!mask, 0), logprobs.MaskedFill(!mask, 0), KlEstimator.K3).Mean();

    [Theory]
    [MemberData(nameof(Helpers))]
    public void HelpersAgree(string name)
    {
        var (item, inputs) = GoldenFile.Read("ppo_helpers", name);
        var expected = item.GetProperty("expected");
        if (name == "truncate_response")
            CompareTruncation(inputs, expected);
        else if (name == "first_true_indices")
            CompareFirstTrue(inputs, expected);
        else
            CompareStatistics(
                name, GoldenFile.Tensor(inputs.GetProperty("values")), GoldenFile.Tensor(inputs.GetProperty("mask")), expected);
    }

    static void CompareStatistics(string name, Tensor values, Tensor mask, JsonElement expected)
    {
        var known = new Dictionary<string, Func<Tensor>>(StringComparer.Ordinal)
        {
            ["masked_mean/all"] = () => Masked.Mean(values, mask),
            ["masked_mean/axis1"] = () => Masked.RowMean(values, mask),
            ["masked_var/unbiased"] = () => Masked.Variance(values, mask),
            ["masked_var/biased"] = () => Masked.Variance(values, mask, unbiased: false),
            ["masked_whiten/shift_mean"] = () => Masked.Whiten(values, mask),
            ["masked_whiten/keep_mean"] = () => Masked.Whiten(values, mask, keepMean: true),
        };
        foreach (var property in expected.EnumerateObject())
            GoldenFile.Close(property.Value, known[$"{name}/{property.Name}"](), property.Name);
    }

    /// <summary>The responses of a sampler that stops at the end-of-sequence token; later columns are padding.</summary>
    static void CompareTruncation(JsonElement inputs, JsonElement expected) =>
        Golden.Equal(
            GoldenTensor.Read(expected.GetProperty("responses")).Longs,
            Truncate(GoldenTensor.Read(inputs.GetProperty("responses")), (long)inputs.Number("stop_token_id"),
                (long)inputs.Number("pad_token_id")).SelectMany(row => row), "responses");

    /// <summary>The length of a row is the number of leading false; ArgMax finds the first of equal maxima.</summary>
    static void CompareFirstTrue(JsonElement inputs, JsonElement expected)
    {
        var bools = GoldenFile.Tensor(inputs.GetProperty("bools"));
        var leading = (bools.To(DType.Int64).CumSum(1).EqualTo(0)).To(DType.Int64).Sum(1);
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("indices")).Longs, leading.ToArray<long>(), "indices");
    }

    /// <summary>The results of TRL's rollout that its update uses.</summary>
    sealed record Collected(
        Tensor Responses, Tensor Logprobs, Tensor Values, Tensor Advantages, Tensor Returns, Tensor Mask, Tensor ValueMask);

    static void CompareMinibatches(
        JsonElement inputs, JsonElement hparams, JsonElement expected, Collected collected, long prompt, double temperature)
    {
        var newLogits = GoldenFile.Leaf(inputs.GetProperty("new_logits"));
        var newValues = GoldenFile.Leaf(inputs.GetProperty("new_values"));
        var rows = (int)hparams.Number("rows_per_minibatch");
        var compared = 0;
        foreach (var minibatch in expected.GetProperty("minibatches").EnumerateArray())
        {
            var (start, end) = (compared * rows, compared++ * rows + rows);
            if (!TryFindRows(minibatch, collected, newLogits, prompt, temperature, out var index))
                index = Tensor.Arange(start, Math.Min(end, collected.Logprobs.Size(0)));
            var logprobs =
                Logprobs(AtResponse(newLogits, prompt).IndexSelect(0, index), collected.Responses.IndexSelect(0, index), temperature);
            var mask = collected.Mask.IndexSelect(0, index);
            var valueMask = collected.ValueMask.IndexSelect(0, index);
            var values = AtResponse(newValues, prompt).IndexSelect(0, index).MaskedFill(!valueMask, 0);
            var ratio = (logprobs.MaskedFill(!mask, 1) - collected.Logprobs.IndexSelect(0, index)).Exp();
            var clip = hparams.Number("cliprange");
            var policy = Masked.Reduce(PolicyLosses.Clipped(ratio, collected.Advantages.IndexSelect(0, index), clip, clip), mask);
            var value = Masked.Reduce(
                ActorCritic.ValueLoss(values, collected.Values.IndexSelect(0, index), collected.Returns.IndexSelect(0, index),
                    hparams.Number("cliprange_value")), valueMask);
            var loss = policy + value * hparams.Number("vf_coef");
            loss.Backward();
            GoldenFile.Close(minibatch.GetProperty("ratio"), ratio, "ratio");
            GoldenFile.Close(minibatch.GetProperty("pg_loss"), policy, "policy loss");
            GoldenFile.Close(minibatch.GetProperty("vf_loss"), value, "value loss");
            GoldenFile.Close(minibatch.GetProperty("loss"), loss, "loss");
        }
        GoldenFile.Close(expected.GetProperty("grad_new_logits"), newLogits.Grad!, "gradient of logits");
        GoldenFile.Close(expected.GetProperty("grad_new_values"), newValues.Grad!, "gradient of values");
    }

    /// <summary>TRL draws minibatches in its own order: rows are identified by their log-probabilities.</summary>
    static bool TryFindRows(JsonElement minibatch, Collected collected, Tensor newLogits, long prompt, double temperature, out Tensor index)
    {
        var all = Logprobs(AtResponse(newLogits, prompt), collected.Responses, temperature).MaskedFill(!collected.Mask, 1).Detach()
            .ToArray<float>();
        var wanted = GoldenTensor.Read(minibatch.GetProperty("new_logprobs"));
        var length = (int)wanted.Shape[1];
        var rows = wanted.Data.Chunk(length).Select(row => (long)Enumerable.Range(0, all.Length / length)
            .MinBy(candidate => Enumerable.Range(0, length).Sum(t => Math.Abs(all[candidate * length + t] - row[t])))).ToArray();
        index = Tensor.From(rows, rows.Length);
        return rows.Distinct().Count() == rows.Length;
    }

    static IEnumerable<long[]> Truncated(JsonElement inputs, JsonElement hparams)
    {
        var responses = GoldenTensor.Read(inputs.GetProperty("responses"));
        return hparams.Optional("stop_token_id") is { } stop
            ? Truncate(responses, (long)stop, (long)inputs.Number("pad_token_id"))
            : responses.Longs.Chunk((int)responses.Shape[1]);
    }

    static IEnumerable<long[]> Truncate(GoldenTensor responses, long stop, long pad) =>
        responses.Longs.Chunk((int)responses.Shape[1]).Select(row => Array.IndexOf(row, stop) is var at and >= 0
            ? row.Select((token, t) => t <= at ? token : pad).ToArray()
            : row);

    static Tensor ScoresAtTheEnd(JsonElement inputs, JsonElement hparams, JsonElement rollout)
    {
        var lengths = GoldenTensor.Read(rollout.GetProperty("sequence_lengths")).Longs;
        var ended = GoldenTensor.Read(rollout.GetProperty("contain_eos_token")).Bools;
        var shape = GoldenTensor.Read(rollout.GetProperty("rewards")).Shape;
        var rewards = new float[shape[0] * shape[1]];
        var scores = GoldenTensor.Read(inputs.GetProperty("scores")).Floats;
        for (var row = 0; row < scores.Length; row++)
        {
            var at = lengths[row] + 1 < shape[1] ? lengths[row] + 1 : lengths[row];
            rewards[row * shape[1] + at] = scores[row] - (ended[row] ? 0 : (float)(hparams.Optional("missing_eos_penalty") ?? 0));
        }
        return Tensor.From(rewards, shape);
    }

    /// <summary>The columns that predict a response: (B, Q + T, …) → (B, T, …).</summary>
    static Tensor AtResponse(Tensor x, long prompt) => x.Slice(1, prompt - 1, -1);

    static Tensor Logprobs(Tensor logits, Tensor tokens, double temperature) =>
        -CrossEntropy.PerToken((logits * (1 / temperature)).Reshape(-1, logits.Size(-1)), tokens.Reshape(-1))
            .Reshape(tokens.Shape.ToArray());
}
