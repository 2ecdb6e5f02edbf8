using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Health;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of PPO.</summary>
public sealed record PpoOptions
{
    /// <summary>Answers to each prompt of a step.</summary>
    public int SamplesPerPrompt { get; init; } = 1;

    /// <summary>Times that the answers of a step are learned from.</summary>
    public int Epochs { get; init; } = 4;

    /// <summary>Optimizer updates of each epoch.</summary>
    public int MiniBatches { get; init; } = 1;

    /// <summary>β: what a nat of distance from the reference costs, in points of score.</summary>
    public double KlCoef { get; init; } = 0.05;

    /// <summary>Nats a response that β is moved towards; null keeps β fixed.</summary>
    public double? KlTarget { get; init; }

    /// <summary>Responses in which β grows or shrinks by a fifth at most, when KL is a fifth or more off its target.</summary>
    public double KlHorizon { get; init; } = 10_000;

    /// <summary>k1 (log-ratio), k2 (half its square) or k3 (unbiased and positive): what is penalised and what is logged.</summary>
    public KlEstimator KlEstimator { get; init; } = KlEstimator.K1;

    /// <summary>How far the probability of a token may move from where it was sampled before it stops to count.</summary>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>The same for values; 0 for no limit.</summary>
    public double ValueClipRange { get; init; } = 0.2;

    /// <summary>Weight of the value loss.</summary>
    public double ValueCoef { get; init; } = 0.1;

    /// <summary>Weight of the entropy, which keeps answers varied; 0 for none.</summary>
    public double EntropyCoef { get; init; }

    /// <summary>Discount of later rewards.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>1 trusts rewards, 0 trusts values.</summary>
    public double GaeLambda { get; init; } = 0.95;

    /// <summary>Whether advantages are brought to mean 0 and deviation 1 over the tokens of a step.</summary>
    public bool WhitenAdvantages { get; init; } = true;

    /// <summary>Whether rewards are brought to deviation 1 around their mean, over the tokens of a step.</summary>
    public bool WhitenRewards { get; init; }

    /// <summary>What is wrong with the values.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[]
        {
            ("klCoef", KlCoef), ("valueClipRange", ValueClipRange), ("valueCoef", ValueCoef), ("entropyCoef", EntropyCoef),
        })
            if (value < 0)
                yield return $"{key}: a number of at least 0 was expected, found {value}";
        foreach (var (key, value) in new[] { ("klTarget", KlTarget ?? 1), ("klHorizon", KlHorizon), ("clipRange", ClipRange) })
            if (value <= 0)
                yield return $"{key}: a number above 0 was expected, found {value}";
        foreach (var (key, value) in new[] { ("gamma", Gamma), ("gaeLambda", GaeLambda) })
            if (value is < 0 or > 1)
                yield return $"{key}: a number from 0 to 1 was expected, found {value}";
    }
}

/// <summary>
/// Proximal policy optimization of a language model. Schulman et al. 2017, eq. 7, https://arxiv.org/abs/1707.06347, with the reward of
/// Ziegler et al. 2019, eq. 2, https://arxiv.org/abs/1909.08593: the score at the last token, less β times the KL from the reference at
/// every token. Departures: (1) values are clipped as policies are (Huang et al. 2023, "The N Implementation Details of RLHF with
/// PPO", detail 3.2); (2) an answer that reached the greatest length counts as ended: no value follows its last token.
/// </summary>
public sealed class Ppo(PpoOptions options) : IOnPolicyAlgorithm
{
    readonly KlController kl = new(options.KlCoef, options.KlTarget, options.KlHorizon);

    public int Epochs => options.Epochs;

    public int MiniBatches => options.MiniBatches;

    public int SamplesPerPrompt => options.SamplesPerPrompt;

    public bool NeedsEntropy => options.EntropyCoef != 0;

    public IEnumerable<(string Name, IRunState State)> States => [("kl", kl)];

    public Experience Estimate(Rollouts rollouts, Scores scores, Tensor refLogprobs, TrainingStep step)
    {
        var mask = rollouts.Mask;
        var nats = Kl.Estimate(rollouts.Logprobs, refLogprobs, options.KlEstimator) * mask.To(DType.Float32);      // (B, T)
        var rewards = ByToken(rollouts, scores) - nats * kl.Coefficient;                                      // (B, T)
        if (options.WhitenRewards)
            rewards = Masked.Whiten(rewards, mask, keepMean: true).MaskedFill(!mask, 0);
        var (advantages, returns) = Gae.Estimate(rewards, rollouts.Values, options.Gamma, options.GaeLambda);
        if (options.WhitenAdvantages)
            advantages = Masked.Whiten(advantages, mask).MaskedFill(!mask, 0);
        var perResponse = nats.Sum(1).Mean().Item();
        Log(step, rollouts, perResponse);
        if (double.IsFinite(perResponse))
            kl.Update(perResponse, rollouts.Count);
        return new(rollouts, advantages, returns);
    }

    public Loss Compute(Experience experience, Analysis analysis, double tokenCount)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Rollouts.Mask);
        var moved = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                                   // (B, T)
        var ratio = moved.Exp();
        var policy = Masked.Reduce(PolicyLoss(ratio, experience.Advantages, options.ClipRange), mask, tokenCount);
        var value = Masked.Reduce(ValueLoss(analysis.Values!, rollouts.Values, experience.Returns, options.ValueClipRange), mask, tokenCount);
        var loss = policy + value * options.ValueCoef;
        if (analysis.Entropy is { } entropy)
            loss -= Masked.Reduce(entropy, mask, tokenCount) * options.EntropyCoef;
        return new(loss, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["loss"] = loss.Item(),
            ["loss/policy"] = policy.Item(),
            ["loss/value"] = value.Item(),
            ["policy/approx_kl"] = Share(moved.Detach().Square() * 0.5),
            ["policy/clipfrac"] = Share(((ratio.Detach() - 1).Abs() > options.ClipRange).To(DType.Float32)),
            ["policy/ratio"] = Share(ratio.Detach()),
        });

        double Share(Tensor x) => Masked.Reduce(x, mask, tokenCount).Item();
    }

    /// <summary>max(−A r, −A clip(r, 1 ± ε)) of each token.</summary>
    public static Tensor PolicyLoss(Tensor ratio, Tensor advantages, double clipRange) =>
        Tensor.Maximum(-advantages * ratio, -advantages * ratio.Clamp(1 - clipRange, 1 + clipRange));

    /// <summary>½ max((V − R)², (clip(V, V_old ± ε) − R)²) of each token.</summary>
    public static Tensor ValueLoss(Tensor values, Tensor oldValues, Tensor returns, double clipRange)
    {
        var plain = (values - returns).Square();
        if (clipRange == 0)
            return plain * 0.5;
        var clipped = values.Clamp(oldValues - clipRange, oldValues + clipRange);
        return Tensor.Maximum(plain, (clipped - returns).Square()) * 0.5;
    }

    /// <summary>Multiplies β by a factor, and gives what it is then.</summary>
    public double RaiseBeta(double factor) => kl.Raise(factor);

    public string InWords(IReadOnlyDictionary<string, double> metrics) => $"score {metrics["objective/scores"]:F2}, KL {metrics["objective/kl"]:F1} nats";

    /// <summary>Scores at the tokens they are of; that of a whole response at its last token: (B, T).</summary>
    static Tensor ByToken(Rollouts rollouts, Scores scores)
    {
        var length = (int)rollouts.Mask.Size(1);
        var rewards = new float[rollouts.Count * length];
        for (var row = 0; row < rollouts.Count; row++)
        {
            var (found, first) = (scores.Rows[row], rollouts.Completions[row].Tokens.Length - scores.Rows[row].Length);
            for (var i = 0; i < found.Length; i++)
                rewards[row * length + first + i] = (float)found[i];
        }
        return Tensor.From(rewards, rollouts.Count, length).To(rollouts.Mask.Device);
    }

    void Log(TrainingStep step, Rollouts rollouts, double nats)
    {
        step.Log("objective/kl", nats);
        step.Log("objective/kl_coef", kl.Coefficient);
        step.Log("objective/rlhf_reward", step.Metrics["objective/scores"] - kl.Coefficient * nats);
        step.Log("objective/entropy", -rollouts.Logprobs.Sum(1).Mean().Item());
        step.Log("responses/length", (double)rollouts.TokenCount / rollouts.Count);
        int[][] answers = [.. rollouts.Completions.Select(completion => completion.Tokens)];
        step.Log("responses/repetition", Repetition.Of(answers));
        step.Log("responses/distinct", Repetition.Distinct(answers));
        step.Log("responses/ended", rollouts.Completions.Count(completion => completion.Ended) / (double)rollouts.Count);
    }
}
