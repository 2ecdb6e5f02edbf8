using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Policies;
using Attune.Training.States;

namespace Attune.Training.Algorithms;

/// <summary>
/// Binary classifier optimization. Jung et al. 2024, eq. 12, https://arxiv.org/abs/2404.04656: −log σ(±(r − δ)), + for desirable and − for
/// undesirable responses, where r is the reward, β times the log-ratio log π(y|x) − log π_ref(y|x), and δ the mean reward. Details: (1) δ
/// is the mean of the rewards of all steps so far, the current one included, and has no gradient; a forward pass before each update
/// computes the rewards of the whole step; (2) the loss of an undesirable response is weighted by the density ratio of its prompt (section
/// 3.3), from <see cref="PromptDensity"/>; (3) of comparisons, the chosen response is desirable and the rejected one undesirable.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="reference">The policy before training.</param>
/// <param name="options">β and the weights of prompts.</param>
/// <param name="seed">Draws the prompts that the classifier is fitted to.</param>
public sealed class Bco(Policy policy, Reference reference, BcoOptions options, int seed) : IObjective<TokenLabels>
{
    readonly ReferenceLogprobs refLogprobs = new(reference);
    readonly RunningMoments rewards = new();                                                        // δ is their mean
    PromptDensity? density;
    LabelCounts step = new(0, 0);

    Device Device => policy.Model.Device;

    public IEnumerable<(string Name, IRunState State)> States => [("rewards", rewards)];

    public void Prepare(OfflineData<TokenLabels> data)
    {
        refLogprobs.Prepare(data.All.Select(example => LabelBatch.From([example], Device).Responses));
        if (options.MatchPrompts)
            density = PromptDensity.Fit(policy, data, options.PromptSampleSize, seed);
    }

    public double Count(IReadOnlyCollection<TokenLabels> batch) => batch.Sum(example => example.Labels.Count);

    public void BeginBatch(IReadOnlyList<TokenLabels> batch, MicroBatches microBatches, bool isHeldOut)
    {
        step = LabelCounts.Of(batch);
        if (isHeldOut)
            return;
        var logRatios = new ResponseBatches(microBatches).PerToken(
            LabelBatch.From(batch, Device).Responses, part => policy.Logprobs(part) - refLogprobs.PerToken(part));
        rewards.Update([.. (logRatios.Sum(1) * options.Beta).ToArray<float>().Select(reward => (double)reward)]);
    }

    public Loss Compute(IReadOnlyList<TokenLabels> examples, double count)
    {
        var batch = LabelBatch.From(examples, Device);
        var responses = policy.WithFrozenActivations(batch.Responses);                              // N responses
        var logprobs = policy.SequenceLogprobs(responses);                                          // (N): log π
        var r = (logprobs - refLogprobs.Of(responses)) * options.Beta;                              // (N)
        var losses = Losses(r, batch.Signs, rewards.Mean);
        if (density is not null)
            losses *= Weights(examples);
        var metrics = batch.Metrics(logprobs, r, rewards.Mean, step);
        metrics["delta"] = Tensor.Scalar(rewards.Mean * responses.Count / count);
        return new(Masked.Reduce(losses, count: count), metrics);
    }

    /// <summary>−log σ(±(r − δ)) of each response.</summary>
    /// <param name="rewards">(N): r</param>
    /// <param name="signs">(N): 1 for a desirable response, −1 for an undesirable one.</param>
    /// <param name="delta">δ</param>
    public static Tensor Losses(Tensor rewards, Tensor signs, double delta) => -(signs * (rewards - delta)).LogSigmoid();

    /// <summary>p / (1 − p), within the limits of the options.</summary>
    /// <param name="desirable">p, the probability that a prompt is one of the desirable examples.</param>
    /// <param name="options">The limits.</param>
    public static double DensityRatio(double desirable, BcoOptions options) =>
        Math.Clamp(desirable / (1 - desirable + 1e-8), options.MinDensityRatio, options.MaxDensityRatio);

    /// <summary>(N): 1 for desirable responses, the density ratio of the prompt for undesirable ones.</summary>
    Tensor Weights(IReadOnlyList<TokenLabels> examples)
    {
        float[] weights = [.. examples.SelectMany(example =>
            example.Labels.Select(label => label ? 1f : (float)DensityRatio(density!.ProbabilityOf(example), options)))];
        return Tensor.From(weights, weights.Length).To(Device);
    }

    public void AfterUpdate(int step) => reference.Sync(step);

    public int Length(TokenLabels example) => example.Texts.Max(text => text.Length);

    public string Describe(TokenLabels example) => policy.Tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"{NumberFormat.Percent(metrics["rewards/accuracies"])} of labels right, δ {NumberFormat.Fixed(metrics["delta"], 2)}, "
        + $"loss {NumberFormat.Fixed(metrics["loss"], 3)}";
}
