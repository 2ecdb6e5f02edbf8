using System.Text.Json;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>GRPO's token-mean loss, its gradients and its advantages as TRL computes them. Cases of other losses are left out.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenGrpoTests : IDisposable
{
    static readonly string[] Known = ["loss_type", "beta", "epsilon_low", "epsilon_high", "num_items_in_batch"];

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Losses => [.. GoldenFile.Cases("grpo").Where(IsTokenMean)];

    public static TheoryData<string> Advantages => [.. GoldenFile.Cases("grpo_advantages").Where(IsSumOfRewards)];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Losses))]
    public void Loss_OfTokens_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("grpo", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var logits = GoldenFile.Leaf(inputs.GetProperty("logits"));
        var tokens = GoldenFile.Tensor(inputs.GetProperty("completion_ids"));                               // (B, T)
        var mask = GoldenFile.Tensor(inputs.GetProperty("completion_mask")) > 0.5;
        var beta = hparams.Optional("beta") ?? 0;
        var kl = beta > 0 ? new KlPenalty(new() { Coef = beta, Estimator = KlEstimator.K3, In = KlPlace.Loss }) : null;
        var grpo = new Grpo(
            new() { ClipLow = hparams.Optional("epsilon_low") ?? 0.2, ClipHigh = hparams.Optional("epsilon_high") ?? 0.2 }, kl);
        var rollouts = new Rollouts([], [], mask, GoldenFile.Tensor(inputs.GetProperty("old_per_token_logps")), Values: null)
        {
            RefLogprobs = GoldenFile.Tensor(inputs.GetProperty("ref_per_token_logps")),
        };
        var advantages = GoldenFile.Tensor(inputs.GetProperty("advantages")).Unsqueeze(1) * mask.To(DType.Float32);
        var count = hparams.Optional("num_items_in_batch") ?? mask.To(DType.Float32).Sum().Item();

        var loss = grpo.Compute(new(rollouts, advantages), new(Logprobs(logits, inputs, tokens), Values: null, Entropy: null), count);
        loss.Value.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss.Value, "loss");
        if (expected.TryGetProperty("grad_logits", out var gradient))
            GoldenFile.Close(gradient, logits.Grad!, "gradient");
    }

    [Theory]
    [MemberData(nameof(Advantages))]
    public void Advantages_OfGroups_AgreeWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("grpo_advantages", name);
        var hparams = item.GetProperty("hparams");
        double[] weights = [.. hparams.GetProperty("reward_weights").EnumerateArray().Select(weight => weight.GetDouble())];
        double[] scores = [.. GoldenTensor.Read(inputs.GetProperty("rewards_per_func")).Data.Chunk(weights.Length)
            .Select(row => row.Zip(weights, (reward, weight) => reward * weight).Sum())];
        var advantages = Grpo.GroupAdvantages(
            scores, (int)hparams.Number("num_generations"), hparams.GetProperty("scale_rewards").GetString() == "group");
        Golden.Close(
            GoldenTensor.Read(item.GetProperty("expected").GetProperty("advantages")).Data, advantages, "advantages", Tolerance.Loss);
    }

    static bool IsTokenMean(string name)
    {
        var hparams = Hparams("grpo", name);
        return hparams.EnumerateObject().All(hparam => Known.Contains(hparam.Name)) && hparams.TryGetProperty("loss_type", out var type)
            && type.GetString() == "dapo";
    }

    static bool IsSumOfRewards(string name)
    {
        var item = Case("grpo_advantages", name);
        var hparams = item.GetProperty("hparams");
        return hparams.GetProperty("scale_rewards").GetString() is "group" or "none"
            && hparams.GetProperty("multi_objective_aggregation").GetString() == "sum_then_normalize"
            && GoldenTensor.Read(item.GetProperty("inputs").GetProperty("rewards_per_func")).Data.All(double.IsFinite);
    }

    static JsonElement Hparams(string file, string name) => Case(file, name).GetProperty("hparams");

    static JsonElement Case(string file, string name) => Golden.Json("losses", $"{file}.json").GetProperty("cases").EnumerateArray()
        .First(item => item.GetProperty("name").GetString() == name);

    /// <summary>(B, P + T, V) logits → (B, T) log-probabilities of the completions.</summary>
    static Tensor Logprobs(Tensor logits, JsonElement inputs, Tensor tokens)
    {
        var prompt = GoldenFile.Tensor(inputs.GetProperty("prompt_ids")).Size(1);
        var before = logits.Slice(1, prompt - 1, -1);
        return -CrossEntropy.PerToken(before.Reshape(-1, before.Size(-1)), tokens.Reshape(-1)).Reshape(tokens.Shape.ToArray());
    }
}
