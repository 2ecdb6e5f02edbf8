using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>Options of process reward modelling.</summary>
public sealed record PrmOptions
{
    /// <summary>The text that ends each step. It is saved with the model.</summary>
    [MinLength(1, ErrorMessage = "must not be empty")]
    public string StepSeparator { get; init; } = StepText.DefaultSeparator;

    /// <summary>Whether only the last step of each response is in the loss. Held-out responses are measured at all steps.</summary>
    public bool TrainOnLastStepOnly { get; init; }
}

/// <summary>
/// A process reward model: classifies each step of a response as right or wrong, at the last token of the step. Uesato et al. 2022, section
/// 2.3, https://arxiv.org/abs/2211.14275; Lightman et al. 2023, section 2.6, https://arxiv.org/abs/2305.20050. The loss is the
/// cross-entropy of the two classes, mean over the steps of the batch, as TRL's PRMTrainer computes it.
/// </summary>
public sealed class Prm(RewardModel model, Tokenizer tokenizer, PrmOptions options) : IObjective<TokenSteps>
{
    public TokenSteps Transform(TokenSteps example, long number) => options.TrainOnLastStepOnly && number >= 0
        ? example with { Ends = example.Ends[^1..], Labels = example.Labels[^1..] }
        : example;

    public double Count(IReadOnlyCollection<TokenSteps> batch) => batch.Sum(example => example.Ends.Length);

    public Loss Compute(IReadOnlyList<TokenSteps> examples, double count)
    {
        var input = TensorBatch.Padded([.. examples.Select(example => example.Tokens)], tokenizer.FillId, model.Device);     // (B, T)
        var columns = input.Tokens.Size(1);
        var cells = examples.Index().SelectMany(row => row.Item.Ends.Select(end => row.Index * columns + end));
        var labels = TensorBatch.Longs(
            [.. examples.SelectMany(example => example.Labels.Select(label => label ? 1L : 0))], model.Device);              // (N)
        var logits = model.StepLogits(input).Reshape(-1, 2).IndexSelect(0, TensorBatch.Longs([.. cells], model.Device));    // (N, 2)
        var predicted = logits.Detach().ArgMax(-1);
        return new(StepLoss(logits, labels, count), new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["accuracy"] = Share(predicted.EqualTo(labels)),
            ["steps/right"] = Share(labels),
            ["steps/predicted_right"] = Share(predicted),
        });

        Tensor Share(Tensor flags) => Masked.Reduce(flags.To(DType.Float32), count: count);
    }

    /// <summary>−log p of the class of each step.</summary>
    /// <param name="logits">(N, 2)</param>
    /// <param name="labels">(N) int64: 1 for a right step, 0 for a wrong one.</param>
    /// <param name="count">What the sum is divided by; null for N.</param>
    public static Tensor StepLoss(Tensor logits, Tensor labels, double? count) =>
        Masked.Reduce(CrossEntropy.PerToken(logits, labels), count: count);

    public int Length(TokenSteps example) => example.Tokens.Length;

    public string Describe(TokenSteps example) => tokenizer.Decode(example.Tokens).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"loss {NumberFormat.Fixed(metrics["loss"], 3)} ({NumberFormat.Percent(metrics["accuracy"])} of steps correct)";
}
