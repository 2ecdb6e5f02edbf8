using System.Text.Json;
using Attune.Generation;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>
/// GRPO's losses, gradients and advantages as TRL computes them: every case of grpo, grpo_advantages and grpo_adaptive_entropy.
/// </summary>
[Trait("Category", "Golden")]
public sealed class GoldenGrpoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Losses => [.. GoldenFile.Cases("grpo")];

    public static TheoryData<string> AllAdvantages => [.. GoldenFile.Cases("grpo_advantages")];

    public static TheoryData<string> AdaptiveEntropy => [.. GoldenFile.Cases("grpo_adaptive_entropy")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Losses))]
    public void Loss_OfTokens_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("grpo", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var options = Options(name, hparams);
        var grpo = new Grpo(options, Kl(hparams)) { MaxLength = (int)(hparams.Optional("max_completion_length") ?? 10) };
        var logits = GoldenFile.Leaf(inputs.GetProperty("logits"));
        var (logprobs, entropy) = Analyze(logits, inputs, hparams.Optional("temperature") ?? 1);            // (B, T)
        var experience = NewExperience(inputs, hparams, logprobs, entropy, grpo.NeedsSampledEntropy);
        var (tokens, steps) = (experience.Size.Tokens, (int)(hparams.Optional("gradient_accumulation_steps") ?? 1));
        var size = new UpdateSize(hparams.Optional("num_items_in_batch") ?? tokens * steps, experience.Rollouts.Count * steps);

        var loss = grpo.Compute(experience, new(logprobs, Values: null, grpo.NeedsEntropy ? entropy : null), size);
        var gradients = loss.Value.GradientsOf([logprobs, logits]);

        var totals = loss.Totals.Metrics;
        GoldenFile.Close(expected.GetProperty("loss"), loss.Value, "loss");
        GoldenFile.Close(
            expected.GetProperty("grad_per_token_logps"), gradients[0]!.MaskedFill(!experience.Mask, 0), "gradient of log-probabilities");
        if (expected.TryGetProperty("grad_logits", out var gradient))
            GoldenFile.Close(gradient, gradients[1]!, "gradient of logits");
        Compare(expected.GetProperty("metrics"), totals, ("kl", "loss/kl"), ("policy_loss", "loss/policy"));
        if (grpo.NeedsEntropy)
            Compare(expected.GetProperty("metrics"), totals, ("entropy", "policy/entropy"));

        void Compare(JsonElement metrics, IReadOnlyDictionary<string, double> own, params (string Trl, string Name)[] names)
        {
            // TRL logs the KL of a token whatever the loss is the mean of.
            foreach (var (trl, metric) in names)
                if (metrics.Optional(trl) is { } value && (trl != "kl" || options.Loss == GrpoLoss.Dapo))
                    Golden.Close([value], [own[metric]], trl, Tolerance.Loss);
        }
    }

    [Theory]
    [MemberData(nameof(AllAdvantages))]
    public void Advantages_OfGroups_AgreeWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("grpo_advantages", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var completions = Golden.Json("losses", "grpo_advantages.json").GetProperty("inputs").GetProperty("completions");
        var grpo = new Grpo(new()
        {
            ScaleRewards = Enum.Parse<RewardScale>(hparams.GetProperty("scale_rewards").GetString()!, ignoreCase: true),
            MultiObjectiveAggregation = Enum.Parse<RewardAggregation>(
                hparams.GetProperty("multi_objective_aggregation").GetString()!.Replace("_", "", StringComparison.Ordinal),
                ignoreCase: true),
            MaskTruncated = hparams.TryGetProperty("mask_truncated_completions", out var masks) && masks.GetBoolean(),
        });
        var rollouts = GoldenRollouts.From(completions, eosId: 1, (int)hparams.Number("num_generations"));

        var experience = grpo.Estimate(rollouts, GoldenRollouts.Scores(inputs, hparams), new(1));

        Assert.Equal(expected.Number("num_items_in_batch"), experience.Size.Tokens);
        var first = experience.Advantages.Select(1, 0);                                                     // (B)
        GoldenFile.Close(expected.GetProperty("advantages"), first, "advantages");
        GoldenFile.Close(expected.GetProperty("completion_mask"), experience.Mask.To(DType.Int64), "mask");
    }

    [Theory]
    [MemberData(nameof(AdaptiveEntropy))]
    public void Coefficient_OfAnAdaptiveEntropyBonus_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("grpo_adaptive_entropy", name);
        var hparams = item.GetProperty("hparams");
        var grpo = new Grpo(new()
        {
            Loss = GrpoLoss.Grpo,
            UseAdaptiveEntropy = true,
            EntropyCoef = hparams.Number("entropy_coef"),
            EntropyTarget = hparams.Number("entropy_target"),
            EntropyCoefDelta = hparams.Number("entropy_coef_delta"),
            EntropyCoefMin = hparams.Number("entropy_coef_min"),
            EntropyCoefMax = hparams.Number("entropy_coef_max"),
        });
        foreach (var step in item.GetProperty("steps").EnumerateArray())
        {
            var logits = GoldenFile.Tensor(inputs.GetProperty("logits")) * step.Number("logit_scale");
            var (logprobs, entropy) = Analyze(logits, inputs, temperature: 1);
            var mask = GoldenFile.Tensor(inputs.GetProperty("completion_mask")) > 0.5;
            var advantages = GoldenFile.Tensor(inputs.GetProperty("advantages")).Unsqueeze(1) * mask.To(DType.Float32);
            var experience = new Experience(new([], [], mask, logprobs, Values: null), advantages);

            var loss = grpo.Compute(experience, new(logprobs, Values: null, entropy), new(experience.Size.Tokens, (int)mask.Size(0)));
            grpo.AfterUpdate(loss.Totals);

            GoldenFile.Close(step.GetProperty("loss"), loss.Value, "loss");
            Golden.Close([step.Number("entropy")], [loss.Totals.Metrics["policy/entropy"]], "entropy", Tolerance.Loss);
        }
    }

    static GrpoOptions Options(string name, JsonElement hparams)
    {
        var loss = name.StartsWith("gmpo", StringComparison.Ordinal) ? "gmpo" : hparams.GetProperty("loss_type").GetString()!;
        var level = hparams.TryGetProperty("importance_sampling_level", out var found) ? found.GetString()! : "token";
        var (low, high) = (hparams.Optional("epsilon_low") ?? 0.2, hparams.Optional("epsilon_high") ?? 0.2);
        return new()
        {
            Loss = Enum.Parse<GrpoLoss>(loss.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            ClipLow = low,
            ClipHigh = loss == "cispo" ? high - 1 : high,                                       // TRL's is the limit of the ratio
            Delta = hparams.Optional("delta") ?? 0,
            ImportanceSamplingLevel = Enum.Parse<RatioLevel>(level.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            TopEntropyQuantile = hparams.Optional("top_entropy_quantile") ?? 1,
            EntropyCoef = hparams.Optional("entropy_coef") ?? 0,
            OffPolicyMaskThreshold = Flag(hparams, "use_sampling_logps") ? null : hparams.Optional("off_policy_mask_threshold"),
            UseBiasCorrectionKl = Flag(hparams, "use_bias_correction_kl"),
            VespoKPos = hparams.Optional("vespo_k_pos") ?? 2,
            VespoLambdaPos = hparams.Optional("vespo_lambda_pos") ?? 3,
            VespoKNeg = hparams.Optional("vespo_k_neg") ?? 3,
            VespoLambdaNeg = hparams.Optional("vespo_lambda_neg") ?? 2,
        };
    }

    static KlPenalty? Kl(JsonElement hparams) => hparams.Optional("beta") is { } beta
        ? new(new() { Coef = beta, Estimator = KlEstimator.K3, In = KlPlace.Loss })
        : null;

    static Experience NewExperience(JsonElement inputs, JsonElement hparams, Tensor logprobs, Tensor entropy, bool needsEntropy)
    {
        var mask = GoldenFile.Tensor(inputs.GetProperty("completion_mask")) > 0.5;
        if (Flag(hparams, "use_tool_mask"))
            mask &= GoldenFile.Tensor(inputs.GetProperty("tool_mask")) > 0.5;
        var (old, sampled) = (Tensor("old_per_token_logps"), Tensor("sampling_per_token_logps"));
        var rollouts = new Rollouts(
            [], [.. Enumerable.Repeat(new Response([], [], [], Ended: true), (int)mask.Size(0))], mask,
            UsesOld() ? old : logprobs.Detach(), Values: null)
        {
            RefLogprobs = Tensor("ref_per_token_logps"),
        };
        var advantages = Flag(hparams, "advantages_per_token") ? Tensor("advantages_per_token") : Tensor("advantages").Unsqueeze(1)
            * mask.To(DType.Float32);
        if (hparams.Optional("importance_sampling_ratio") is { } cap)
            advantages *= (old - sampled).Exp().Clamp(null, cap);
        // Attune's sampler has the old log-probabilities; where TRL's has others, those decide which responses are kept.
        if (Flag(hparams, "use_sampling_logps"))
            advantages *= PolicyLosses.KeepsOnPolicy(
                (logprobs - sampled).MaskedFill(!mask, 0), advantages, mask, hparams.Number("off_policy_mask_threshold"));
        return new(rollouts, advantages)
        {
            Mask = mask,
            PolicyMask = needsEntropy ? Grpo.HighEntropy(entropy, mask, hparams.Number("top_entropy_quantile")) : null,
        };

        bool UsesOld() => !hparams.TryGetProperty("use_old_logps", out var uses) || uses.GetBoolean();

        Tensor Tensor(string input) => GoldenFile.Tensor(inputs.GetProperty(input));
    }

    static bool Flag(JsonElement json, string key) => json.TryGetProperty(key, out var value) && value.GetBoolean();

    /// <summary>(B, P + T, V) logits → (B, T) log-probabilities and entropies of the completions.</summary>
    static (Tensor Logprobs, Tensor Entropy) Analyze(Tensor logits, JsonElement inputs, double temperature)
    {
        var tokens = GoldenFile.Tensor(inputs.GetProperty("completion_ids"));                               // (B, T)
        var prompt = GoldenFile.Tensor(inputs.GetProperty("prompt_ids")).Size(1);
        var before = logits.Slice(1, prompt - 1, -1) / temperature;
        var flat = before.Reshape(-1, before.Size(-1));
        return (
            -CrossEntropy.PerToken(flat, tokens.Reshape(-1)).Reshape(tokens.Shape.ToArray()),
            CrossEntropy.Entropy(flat).Reshape(tokens.Shape.ToArray()));
    }
}
