using System.Text.Json;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;

namespace Attune.Training.Tests.Algorithms;

/// <summary>
/// PPO as RL4LMs inherits it from Stable-Baselines3, and NLPO, which is the same under a mask of tokens: a linear policy and a linear value
/// function of the same observations, composed of Attune's functions. Its value loss has no factor ½ and no maximum, and a step whose KL is
/// too large ends the update. RL4LMs does not normalise the log-probabilities of allowed tokens, where Attune's NLPO does.
/// </summary>
[Trait("Category", "Golden")]
public sealed class GoldenSb3Tests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string, string> Cases =>
        [.. ((string[])["ppo_sb3", "nlpo"]).SelectMany(file => GoldenFile.Cases(file).Select(name => (file, name)))];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void UpdatesOfRl4LmsAgree(string file, string name)
    {
        var (item, inputs) = GoldenFile.Read(file, name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var ppo = new Ppo(new()
        {
            ClipRange = hparams.Number("clip_range"),
            TargetKl = hparams.Optional("target_kl") ?? 0,
        }, new(new()));
        var (policyWeights, valueWeights) =
            (GoldenFile.Leaf(inputs.GetProperty("policy_w")), GoldenFile.Leaf(inputs.GetProperty("value_w")));
        var logged = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var isAllowed = file == "nlpo"
            ? GoldenFile.Tensor(Golden.Json("losses", "nlpo.json").GetProperty("masked_distribution").GetProperty("action_masks"))
            : null;
        for (var epoch = 0; epoch < hparams.Number("n_epochs"); epoch++)
            if (!Update(ppo, hparams, inputs, policyWeights, valueWeights, isAllowed, logged))
                break;

        var log = expected.GetProperty("log");
        foreach (var (figure, values) in logged)
            Golden.Close(
                log.Number(figure), figure is "train/loss" or "train/approx_kl" ? values[^1] : values.Average(), figure, Tolerance.Loss);
        GoldenFile.Close(expected.GetProperty("weights_after").GetProperty("policy_w"), policyWeights.Detach(), "policy");
        GoldenFile.Close(expected.GetProperty("weights_after").GetProperty("value_w"), valueWeights.Detach(), "value");
    }

    static bool Update(
        Ppo ppo, JsonElement hparams, JsonElement inputs, Tensor policyWeights, Tensor valueWeights, Tensor? isAllowed,
        Dictionary<string, List<double>> logged)
    {
        var observations = GoldenFile.Tensor(inputs.GetProperty("observations"));                               // (N, D)
        var logits = observations.Linear(policyWeights);                                                        // (N, V)
        var (actions, old) = (GoldenFile.Tensor(inputs.GetProperty("actions")), GoldenFile.Tensor(inputs.GetProperty("old_log_prob")));
        var (oldValues, returns) = (GoldenFile.Tensor(inputs.GetProperty("old_values")), GoldenFile.Tensor(inputs.GetProperty("returns")));
        var advantages = GoldenFile.Tensor(inputs.GetProperty("advantages"));
        if (hparams.Flag("normalize_advantage"))
            advantages = Masked.Whiten(advantages, advantages.IsFinite());
        var logprobs = -CrossEntropy.PerToken(logits, actions);
        var ratio = (logprobs - old).Exp();
        var policy = Masked.Reduce(PolicyLosses.Clipped(ratio, advantages, hparams.Number("clip_range"), hparams.Number("clip_range")));
        var values = observations.Linear(valueWeights).Squeeze(-1);
        if (hparams.Optional("clip_range_vf") is { } range)
            values = values.Clamp(oldValues - range, oldValues + range);
        var value = Masked.Reduce(ActorCritic.ValueLoss(values, oldValues, returns, clipRange: 0)) * 2;
        var entropy = Masked.Reduce(isAllowed is null ? CrossEntropy.Entropy(logits) : MaskedEntropy(logits, isAllowed));
        var loss = policy - entropy * hparams.Number("ent_coef") + value * hparams.Number("vf_coef");
        var moved = Kl.Estimate(old, logprobs, KlEstimator.K3).Mean().Item();
        Log(("train/policy_gradient_loss", policy.Item()), ("train/value_loss", value.Item()), ("train/entropy_loss", -entropy.Item()),
            ("train/loss", loss.Item()));
        Log(("train/approx_kl", moved),
            ("train/clip_fraction", Masked.Reduce(((ratio - 1).Abs() > hparams.Number("clip_range")).To(DType.Float32)).Item()));
        var noShift = Tensor.Scalar(0.0);
        var totals = new Loss(loss, new Dictionary<string, Tensor>()) { Shift = new(Tensor.Scalar(moved), noShift, noShift + 1) }.Totals;
        if (ppo.CheckUpdate(totals) == UpdateAction.Stop)
            return false;
        loss.Backward();
        Descend(hparams, policyWeights, valueWeights);
        return true;

        void Log(params (string Name, double Value)[] figures)
        {
            foreach (var (name, figure) in figures)
                (logged.TryGetValue(name, out var known) ? known : logged[name] = []).Add(figure);
        }
    }

    /// <summary>RL4LMs' −Σ p log p under a mask: p is normalised over the allowed tokens, log p is not.</summary>
    internal static Tensor MaskedEntropy(Tensor logits, Tensor isAllowed) =>
        -(logits.MaskedFill(!isAllowed, double.NegativeInfinity).Softmax(-1) * logits.LogSoftmax(-1)).Sum(-1);

    /// <summary>A step of gradient descent with the norm of the gradient clipped.</summary>
    static void Descend(JsonElement hparams, params Tensor[] weights)
    {
        using var noGrad = Autograd.NoGrad();
        var norm = Math.Sqrt(weights.Sum(weight => weight.Grad!.Square().Sum().Item()));
        var scale = Math.Min(1, hparams.Number("max_grad_norm") / (norm + 1e-6));
        foreach (var weight in weights)
        {
            weight.CopyInPlace(weight - weight.Grad! * (scale * hparams.Number("sgd_lr")));
            weight.Grad = null;
        }
    }
}
