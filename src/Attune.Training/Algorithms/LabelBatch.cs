using Attune.Data;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>How many responses are labelled desirable and undesirable.</summary>
public sealed record LabelCounts(int Desirable, int Undesirable)
{
    public int Total => Desirable + Undesirable;

    public static LabelCounts Of(IEnumerable<TokenLabels> examples)
    {
        var labels = examples.SelectMany(example => example.Labels).ToLookup(label => label);
        return new(labels[true].Count(), labels[false].Count());
    }
}

/// <summary>The labelled responses of several examples.</summary>
/// <param name="Responses">N responses with their prompts.</param>
/// <param name="Signs">(N): 1 for a desirable response, −1 for an undesirable one.</param>
public sealed record LabelBatch(Responses Responses, Tensor Signs)
{
    public static LabelBatch From(IReadOnlyList<TokenLabels> examples, Device device)
    {
        float[] signs = [.. examples.SelectMany(example => example.Labels).Select(label => label ? 1f : -1f)];
        return new(
            Responses.From(
                [.. examples.SelectMany(example => example.Texts.Select(_ => Prompt(example)))],
                [.. examples.SelectMany(example => example.Texts.Select(text => text[example.PromptLength..]))],
                device),
            Tensor.From(signs, signs.Length).To(device));
    }

    /// <summary>
    /// Each prompt with responses of the next example, the last one with those of the first; cut at the end where they do not fit.
    /// </summary>
    /// <param name="examples">At least two examples.</param>
    /// <param name="context">The most tokens of a prompt and its response; null for an encoder–decoder, whose prompts take no room.</param>
    /// <param name="device">The device of the mask.</param>
    public static Responses Mismatched(IReadOnlyList<TokenLabels> examples, int? context, Device device)
    {
        var pairs = examples.SelectMany((example, at) => example.Texts.Select((_, i) => (Example: example, Response: Next(at, i))))
            .ToList();
        return Responses.From(
            [.. pairs.Select(pair => Prompt(pair.Example))],
            [.. pairs.Select(pair => pair.Response.Take((context ?? int.MaxValue) - pair.Example.PromptLength).ToArray())],
            device);

        int[] Next(int at, int i)
        {
            var next = examples[(at + 1) % examples.Count];
            return next.Texts[i % next.Texts.Length][next.PromptLength..];
        }
    }

    /// <summary>
    /// Shares of the means over all desirable and over all undesirable responses of a step. Accuracy is the share of responses on the
    /// right side of the baseline; a response that is exactly on it counts half.
    /// </summary>
    /// <param name="logprobs">(N) under the policy.</param>
    /// <param name="rewards">(N) β times the log-ratio.</param>
    /// <param name="baseline">What rewards are compared with.</param>
    /// <param name="step">The labels of the whole step.</param>
    public Dictionary<string, Tensor> Metrics(Tensor logprobs, Tensor rewards, double baseline, LabelCounts step)
    {
        (logprobs, rewards) = (logprobs.Detach(), rewards.Detach());
        var right = (rewards - baseline) * Signs;
        var metrics = new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["rewards/accuracies"] = Masked.Reduce(RewardModeling.Accuracy(right, right * 0), count: step.Total),
        };
        if (step.Desirable > 0)
            Add("chosen", Signs.Clamp(0, 1), step.Desirable);
        if (step.Undesirable > 0)
            Add("rejected", (-Signs).Clamp(0, 1), step.Undesirable);
        if (step is { Desirable: > 0, Undesirable: > 0 })
            metrics["rewards/margins"] = metrics["rewards/chosen"] - metrics["rewards/rejected"];
        return metrics;

        void Add(string name, Tensor weights, int count)
        {
            metrics[$"rewards/{name}"] = Masked.Reduce(rewards * weights, count: count);
            metrics[$"logps/{name}"] = Masked.Reduce(logprobs * weights, count: count);
        }
    }

    static TokenPrompt Prompt(TokenLabels example) => new(example.Texts[0][..example.PromptLength], "");
}
