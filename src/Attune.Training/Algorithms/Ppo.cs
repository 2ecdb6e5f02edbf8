using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Health;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Algorithms;

/// <summary>Where the price of distance from the reference is paid.</summary>
public enum KlPlace
{
    /// <summary>In the reward of each token, so that a token also pays for what it leads to.</summary>
    Reward,

    /// <summary>In the loss, as a mean over tokens.</summary>
    Loss,
}

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

    /// <summary>k1 (log-ratio), abs, k2 (half its square), k3 (unbiased and positive) or full (over the whole vocabulary): what is penalised and what is logged.</summary>
    public KlEstimator KlEstimator { get; init; } = KlEstimator.K1;

    /// <summary>Where KL is penalised: in the reward or in the loss.</summary>
    public KlPlace KlIn { get; init; }

    /// <summary>What moves β: fixed, adaptive (Ziegler's law, towards klTarget nats a response) or rl4lms (towards klTarget nats a token).</summary>
    public KlControl KlController { get; init; }

    /// <summary>Nats that β steers towards; null when it is fixed.</summary>
    public double? KlTarget { get; init; }

    /// <summary>Responses in which an adaptive β grows or shrinks by a fifth at most, when KL is a fifth or more off its target.</summary>
    public double KlHorizon { get; init; } = 10_000;

    /// <summary>How far the probability of a token may move from where it was sampled before it stops to count.</summary>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>The most that a bad token can weigh, as a multiple of its advantage, however likely it has become; 0 for no limit, 3 is usual.</summary>
    public double DualClip { get; init; }

    /// <summary>How far a value may move from the one estimated when the answer was sampled; 0 for no limit.</summary>
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

    /// <summary>Once policy/approx_kl of an update is above 1.5 times this, the rest of the step's updates are left out; 0 for no limit.</summary>
    public double TargetKl { get; init; }

    /// <summary>An update whose mean ratio is above this is not applied; 0 for no limit.</summary>
    public double RatioThreshold { get; init; }

    /// <summary>Decay, at each update, of a moving average of the weights, which becomes the result; 0 for the weights themselves. InstructGPT has 0.992.</summary>
    public double Ema { get; init; }

    /// <summary>What is wrong with the values.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[]
        {
            ("klCoef", KlCoef), ("valueClipRange", ValueClipRange), ("valueCoef", ValueCoef), ("entropyCoef", EntropyCoef),
            ("targetKl", TargetKl), ("ratioThreshold", RatioThreshold),
        })
            if (value < 0)
                yield return $"{key}: a number of at least 0 was expected, found {value}";
        foreach (var (key, value) in new[] { ("klTarget", KlTarget ?? 1), ("klHorizon", KlHorizon), ("clipRange", ClipRange) })
            if (value <= 0)
                yield return $"{key}: a number above 0 was expected, found {value}";
        foreach (var (key, value) in new[] { ("gamma", Gamma), ("gaeLambda", GaeLambda) })
            if (value is < 0 or > 1)
                yield return $"{key}: a number from 0 to 1 was expected, found {value}";
        if (KlController == KlControl.Fixed && KlTarget is not null)
            yield return $"klTarget: it is for klController adaptive or rl4lms, and klController is fixed";
        if (KlController != KlControl.Fixed && KlTarget is null)
            yield return "klTarget: the nats that klController steers towards were expected, found nothing";
        if (DualClip is not 0 and <= 1)
            yield return $"dualClip: 0, or a number above 1, was expected, found {DualClip}";
        if (Ema is < 0 or >= 1)
            yield return $"ema: a number from 0 to below 1 was expected, found {Ema}";
        if (Epochs < 1 || MiniBatches < 1 || SamplesPerPrompt < 1)
            yield return $"epochs, miniBatches and samplesPerPrompt of at least 1 were expected, found {Epochs}, {MiniBatches} and {SamplesPerPrompt}";
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
    const double Patience = 1.5;                                   // times TargetKl, as TRL's classic PPO and Stable-Baselines3 have it

    readonly KlController kl = new(options.KlCoef, options.KlController, options.KlTarget ?? 1, options.KlHorizon);
    readonly string estimator = options.KlEstimator.ToString().ToLowerInvariant();

    public int Epochs => options.Epochs;

    public int MiniBatches => options.MiniBatches;

    public int SamplesPerPrompt => options.SamplesPerPrompt;

    public bool NeedsEntropy => options.EntropyCoef != 0;

    public bool NeedsFullKl => options.KlEstimator == KlEstimator.Full;

    public bool LearnsFromFullKl => NeedsFullKl && options.KlIn == KlPlace.Loss;

    public IEnumerable<(string Name, IRunState State)> States => [("kl", kl)];

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var mask = rollouts.Mask;
        var nats = (rollouts.FullKl ?? Kl.Estimate(rollouts.Logprobs, rollouts.RefLogprobs!, options.KlEstimator)).MaskedFill(!mask, 0);   // (B, T)
        var rewards = ByToken(rollouts, scores);                                                                    // (B, T)
        if (options.KlIn == KlPlace.Reward)
            rewards -= nats * kl.Coefficient;
        if (options.WhitenRewards)
            rewards = Masked.Whiten(rewards, mask, keepMean: true).MaskedFill(!mask, 0);
        var (advantages, returns) = Gae.Estimate(rewards, rollouts.Values, options.Gamma, options.GaeLambda);
        step.Log("value/explained_variance", 1 - (Masked.Variance(returns - rollouts.Values, mask) / (Masked.Variance(returns, mask) + 1e-8)).Item());
        if (options.WhitenAdvantages)
            advantages = Masked.Whiten(advantages, mask).MaskedFill(!mask, 0);
        var total = nats.Sum().Item();
        Log(step, rollouts, total / rollouts.Count);
        if (double.IsFinite(total))
            kl.Update(total / rollouts.Count, total / rollouts.TokenCount, rollouts.Count);
        return new(rollouts, advantages, returns);
    }

    public Loss Compute(Experience experience, Analysis analysis, double tokenCount)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Rollouts.Mask);
        var moved = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                                   // (B, T)
        var ratio = moved.Exp();
        var policy = Masked.Reduce(PolicyLoss(ratio, experience.Advantages, options.ClipRange, options.DualClip), mask, tokenCount);
        var value = Masked.Reduce(ValueLoss(analysis.Values!, rollouts.Values, experience.Returns, options.ValueClipRange), mask, tokenCount);
        var loss = policy + value * options.ValueCoef;
        var metrics = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        if (options.KlIn == KlPlace.Loss)
        {
            var nats = analysis.FullKl ?? Kl.Estimate(analysis.Logprobs, rollouts.RefLogprobs!, options.KlEstimator);
            var distance = Mean(nats.MaskedFill(!mask, 0));
            loss += distance * kl.Coefficient;
            metrics["loss/kl"] = distance;
        }
        if (analysis.Entropy is { } entropy)
        {
            var freedom = Mean(entropy.MaskedFill(!mask, 0));
            loss -= freedom * options.EntropyCoef;
            metrics["policy/entropy"] = freedom;
        }
        metrics["loss"] = loss;
        metrics["loss/policy"] = policy;
        metrics["loss/value"] = value;
        metrics["policy/approx_kl"] = Mean(moved.Detach().Square() * 0.5);
        metrics["policy/clipfrac"] = Mean(((ratio.Detach() - 1).Abs() > options.ClipRange).To(DType.Float32));
        metrics["policy/ratio"] = Mean(ratio.Detach());
        return new(loss, metrics);

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, tokenCount);
    }

    public Verdict Judge(IReadOnlyDictionary<string, double> metrics)
    {
        if (options.TargetKl > 0 && metrics["policy/approx_kl"] > Patience * options.TargetKl)
            return Verdict.Stop;
        return options.RatioThreshold > 0 && metrics["policy/ratio"] > options.RatioThreshold ? Verdict.Skip : Verdict.Apply;
    }

    /// <summary>
    /// max(−A r, −A clip(r, 1 ± ε)) of each token; and at most −c A where A is below 0 (dual clip: Ye et al. 2020, eq. 5,
    /// https://arxiv.org/abs/1912.09729).
    /// </summary>
    public static Tensor PolicyLoss(Tensor ratio, Tensor advantages, double clipRange, double dualClip = 0)
    {
        var loss = Tensor.Maximum(-advantages * ratio, -advantages * ratio.Clamp(1 - clipRange, 1 + clipRange));
        return dualClip == 0 ? loss : Tensor.Where(advantages < 0, Tensor.Minimum(loss, -advantages * dualClip), loss);
    }

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

    public string InWords(IReadOnlyDictionary<string, double> metrics) => $"score {metrics["objective/scores"]:F2}, KL {metrics["objective/kl"]:F1} nats ({estimator})";

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
        step.Log($"objective/kl_{estimator}", nats);
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
