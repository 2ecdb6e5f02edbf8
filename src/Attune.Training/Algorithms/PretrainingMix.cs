using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of language modelling on a text during RL (PPO-ptx).</summary>
public sealed record PretrainingMixOptions
{
    /// <summary>
    /// Documents or demonstrations that the policy also trains on during RL, so that it does not forget them; empty for none.
    /// </summary>
    [ExistingPath]
    public string Text { get; init; } = "";

    /// <summary>γ: the weight of their loss, in nats a token, next to PPO's.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Coef { get; init; } = 1;

    /// <summary>Rows of the text in each update.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Rows { get; init; } = 16;
}

/// <summary>
/// PPO-ptx: adds γ times the language modelling loss of a text to each update. Ouyang et al. 2022, eq. 2,
/// https://arxiv.org/abs/2203.02155. Departures: (1) its gradient is added to that of each update, not averaged over a separate batch.
/// </summary>
public sealed class PretrainingMix(
    PretrainingMixOptions options, LanguageModel model, Tokenizer tokenizer, IReadOnlyList<TokenRow> rows, int seed)
    : IAuxiliaryLoss
{
    readonly NextToken objective = new(model, tokenizer, (logits, targets) => CrossEntropy.Smoothed(logits, targets, labelSmoothing: 0));
    readonly BatchOrder order = new(rows.Count, options.Rows, seed);

    /// <summary>Reads the text: documents packed into rows, or demonstrations.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static PretrainingMix Read(
        PretrainingMixOptions options, LanguageModel model, Tokenizer tokenizer, TextEncoder encoder, Run run)
    {
        var examples = Dataset.Read(options.Text, new() { Reader = "mix.text", Notice = run.Notice }).ToList();
        var rows = examples.All(example => example is Document)
            ? Packing.BestFit(
                examples.Cast<Document>().Select(encoder.EncodeDocument), (int)model.Backbone.ContextLength)
            : Sft.Encode(examples, encoder);
        return rows.Count > 0
            ? new(options, model, tokenizer, rows, run.Seed)
            : throw new InvalidDataException($"`mix.text` must have at least one text to train on ({options.Text} has none).");
    }

    public IReadOnlyDictionary<string, double> Backward(MicroBatches microBatches, int update)
    {
        TokenRow[] batch = [.. order.Batch(update).Select(index => rows[index])];
        var count = objective.Count(batch);
        var totals = microBatches.Backward(microBatches.Split(batch, objective.Length), part => Weighted(objective.Compute(part, count)));
        return new Dictionary<string, double>(StringComparer.Ordinal) { ["loss/text"] = totals.Metrics["loss/text"] };
    }

    Loss Weighted(Loss loss) =>
        new(loss.Value * options.Coef, new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["loss/text"] = loss.Value });
}
