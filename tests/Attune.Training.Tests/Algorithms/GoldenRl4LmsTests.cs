using System.Text.Json;
using Attune.Generation;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Optimizers;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>
/// A2C, TRPO and the mask of NLPO as RL4LMs computes them, with a linear policy and a linear value function of the same observations. The
/// updates of NLPO are those of <see cref="GoldenSb3Tests"/>.
/// </summary>
[Trait("Category", "Golden")]
public sealed class GoldenRl4LmsTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> A2c => [.. GoldenFile.Cases("a2c")];

    public static TheoryData<string> Trpo => [.. GoldenFile.Cases("trpo")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(A2c))]
    public void Update_OfA2c_AgreesWithRl4Lms(string name)
    {
        var (item, inputs) = GoldenFile.Read("a2c", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var a2c = new A2c(new() { EntropyCoef = hparams.Number("ent_coef"), ValueCoef = 2 * hparams.Number("vf_coef") }, new(new()));
        var (policy, value) = (GoldenFile.Leaf(inputs.GetProperty("policy_w")), GoldenFile.Leaf(inputs.GetProperty("value_w")));
        var observations = GoldenFile.Tensor(inputs.GetProperty("observations"));                               // (N, D)
        var logits = observations.Linear(policy);                                                               // (N, V)
        var logprobs = -CrossEntropy.PerToken(logits, GoldenFile.Tensor(inputs.GetProperty("actions")));
        var mask = logprobs.IsFinite();
        var (returns, oldValues) = (Column("returns"), Column("old_values"));
        var advantages = Column("advantages");
        if (hparams.Flag("normalize_advantage"))
            advantages = Masked.Whiten(advantages, mask.Unsqueeze(1));
        var rollouts = new Rollouts([], [.. Responses(mask)], mask.Unsqueeze(1), Column("old_log_prob"), oldValues);

        var experience = new Experience(rollouts, advantages, returns);
        var loss = a2c.Compute(
            experience, new(logprobs.Unsqueeze(1), observations.Linear(value), CrossEntropy.Entropy(logits).Unsqueeze(1)), experience.Size);
        loss.Value.Backward();

        var (log, own) = (expected.GetProperty("log"), loss.Totals.Metrics);
        Golden.Close(
            [log.Number("train/policy_loss"), log.Number("train/value_loss"), log.Number("train/entropy_loss")],
            [own["loss/policy"], 2 * own["loss/value"], -own["policy/entropy"]], "log", Tolerance.Loss);
        Golden.Close(
            [log.Number("train/explained_variance")], [ActorCritic.ExplainedVariance(returns, oldValues, rollouts.Mask)],
            "explained variance", Tolerance.Loss);
        var clip = Optimizer.ClipFactor(Math.Sqrt(Norm(policy) + Norm(value)), hparams.Number("max_grad_norm"));
        foreach (var (weights, key) in new[] { (policy, "policy_w"), (value, "value_w") })
        {
            var gradient = weights.Grad! * clip;
            GoldenFile.Close(expected.GetProperty("grads_after_clipping").GetProperty(key), gradient, $"gradient of {key}");
            GoldenFile.Close(
                expected.GetProperty("weights_after_step").GetProperty(key), weights.Detach() - gradient * hparams.Number("sgd_lr"), key);
        }

        Tensor Column(string input) => GoldenFile.Tensor(inputs.GetProperty(input)).Unsqueeze(1);                // (N, 1)

        static double Norm(Tensor weights) => weights.Grad!.Square().Sum().Item();
    }

    /// <summary>In float64, where differences of log-probabilities are as exact as the second derivatives of RL4LMs in float32.</summary>
    [Theory]
    [MemberData(nameof(Trpo))]
    public void Step_OfTrpo_AgreesWithRl4Lms(string name)
    {
        var (item, own) = GoldenFile.Read("trpo", name);
        var inputs = Golden.Json("losses", "trpo.json").GetProperty("inputs");
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var weights = Double(inputs.GetProperty("policy_w"));
        weights.RequiresGrad = true;
        var observations = Double(inputs.GetProperty("observations"));
        var advantages = Double(inputs.GetProperty("advantages"));
        if (hparams.Flag("normalize_advantage"))
            advantages = Masked.Whiten(advantages, advantages.IsFinite());
        var part = new TrustRegionPart(
            () => observations.Linear(weights).LogSoftmax(-1), GoldenFile.Tensor(inputs.GetProperty("actions")),
            Double(own.GetProperty("old_log_prob")), advantages);
        var settings = new TrustRegionSettings(
            hparams.Number("target_kl"), (int)hparams.Number("cg_max_steps"), hparams.Number("cg_damping"),
            hparams.Number("line_search_shrinking_factor"), (int)hparams.Number("line_search_max_iter"));
        var region = new TrustRegion(new([weights]), [part], [part], settings);

        var (surrogate, gradient) = region.Surrogate();
        GoldenFile.Close(expected.GetProperty("surrogate"), Tensor.Scalar(surrogate, DType.Float64), "surrogate");
        GoldenFile.Close(expected.GetProperty("surrogate_grad"), gradient, "gradient");
        GoldenFile.Close(
            expected.GetProperty("fisher_vector_product_of_probe"), region.FisherProduct(Double(expected.GetProperty("probe"))),
            "Fisher product");
        var direction = TrustRegion.ConjugateGradient(region.FisherProduct, gradient, settings.CgSteps);
        GoldenFile.Close(expected.GetProperty("search_direction"), direction, "direction");
        var size = Math.Sqrt(2 * settings.TargetKl / (direction * region.FisherProduct(direction)).Sum().Item());
        Golden.Close([expected.Number("max_step_size")], [size], "step size", Tolerance.Loss);
        var result = region.Step();
        var log = expected.GetProperty("log");
        Golden.Close(
            [log.Number("train/policy_objective"), log.Number("train/kl_divergence_loss"), log.Number("train/is_line_search_success")],
            [result.After, result.Kl, result.Succeeded ? 1 : 0], "log", Tolerance.Loss);
        GoldenFile.Close(expected.GetProperty("weights_after").GetProperty("policy_w"), weights.Detach(), "policy");
        CompareCritic(inputs, hparams, expected);

        static Tensor Double(JsonElement json) => GoldenFile.Tensor(json).To(DType.Float64);
    }

    [Fact]
    public void Mask_OfNlpo_AgreesWithRl4Lms()
    {
        var processor = Golden.Json("losses", "nlpo.json").GetProperty("mask_processor");
        var inputs = processor.GetProperty("inputs");
        var (scores, maskLogits) =
            (GoldenFile.Tensor(inputs.GetProperty("policy_scores")), GoldenFile.Tensor(inputs.GetProperty("mask_policy_logits")));
        int[] kept = [.. GoldenTensor.Read(inputs.GetProperty("special_ids")).Longs.Select(id => (int)id)];
        foreach (var item in processor.GetProperty("cases").EnumerateArray())
        {
            var (kind, top, fewest) =
                (item.GetProperty("mask_type").GetString(), item.Number("top_mask"), (int)item.Number("min_tokens_to_keep"));
            ILogitsFilter likely = kind == "learned_top_p" ? new TopPFilter(top, fewest) : new TopKFilter((int)top, fewest);
            var masked = new MaskPolicyFilter(likely, kept, padId: 0, maxNewTokens: 1).Mask(scores, kind == "topk" ? scores : maskLogits);
            GoldenFile.Close(item.GetProperty("masked_scores"), masked, kind!);
            Golden.Ran("losses: nlpo masks");
        }
    }

    /// <summary>
    /// RL4LMs gives masked tokens the log-probability of float32's ε, where Attune has −∞, and does not normalise those of the others.
    /// </summary>
    [Fact]
    public void Distribution_UnderAMask_AgreesWithRl4Lms()
    {
        var file = Golden.Json("losses", "nlpo.json");
        var (inputs, expected) = (file.GetProperty("inputs"), file.GetProperty("masked_distribution"));
        var isAllowed = GoldenFile.Tensor(expected.GetProperty("action_masks"));
        var logits = GoldenFile.Tensor(inputs.GetProperty("observations")).Linear(GoldenFile.Tensor(inputs.GetProperty("policy_w")));
        GoldenFile.Close(
            expected.GetProperty("masked_log_prob"), -CrossEntropy.PerToken(logits, GoldenFile.Tensor(inputs.GetProperty("actions"))),
            "log-probabilities");
        GoldenFile.Close(expected.GetProperty("masked_entropy"), GoldenSb3Tests.MaskedEntropy(logits, isAllowed), "entropy");
        var masked = GoldenTensor.Read(expected.GetProperty("masked_logits")).Data;
        GoldenFile.Close(
            expected.GetProperty("masked_logits"), logits.LogSoftmax(-1).MaskedFill(!isAllowed, masked.Min()), "masked logits");
        Golden.Ran("losses: nlpo distributions");
    }

    static IEnumerable<Response> Responses(Tensor mask) =>
        Enumerable.Repeat(new Response([0], [0], [0], Ended: true), (int)mask.Size(0));

    /// <summary>Steps of gradient descent on the squared error of the values.</summary>
    static void CompareCritic(JsonElement inputs, JsonElement hparams, JsonElement expected)
    {
        var (weights, observations) =
            (GoldenFile.Leaf(inputs.GetProperty("value_w")), GoldenFile.Tensor(inputs.GetProperty("observations")));
        var (returns, losses) = (GoldenFile.Tensor(inputs.GetProperty("returns")), new List<double>());
        for (var update = 0; update < hparams.Number("n_critic_updates"); update++)
        {
            var values = observations.Linear(weights).Squeeze(-1);
            var loss = Masked.Reduce(ActorCritic.ValueLoss(values, values, returns, clipRange: 0)) * 2;
            losses.Add(loss.Item());
            weights.Grad = null;
            loss.Backward();
            using var noGrad = Autograd.NoGrad();
            weights.CopyInPlace(weights - weights.Grad! * hparams.Number("sgd_lr_value"));
        }
        Golden.Close(
            [expected.GetProperty("log").Number("train/value_loss")], [losses.Average()], "value loss", Tolerance.Loss);
        GoldenFile.Close(expected.GetProperty("weights_after").GetProperty("value_w"), weights.Detach(), "value");
    }
}
