using Attune.Data;
using Attune.Models;
using Attune.Models.Layers;
using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>
/// The mean loss of the target tokens. The output head is applied only at the positions that predict them, a chunk of them at a time.
/// </summary>
static class TokenLoss
{
    /// <param name="model">The model that is trained.</param>
    /// <param name="hidden">(B, T, D)</param>
    /// <param name="predictions">The index in the flattened (B · T) that each target token is predicted from, and the token.</param>
    /// <param name="rows">The rows of the batch, for the count of tokens.</param>
    /// <param name="count">Target tokens of the whole step.</param>
    /// <param name="perToken">
    /// (N, V) logits, which it may overwrite, and (N) targets → (N) losses, and (N) 1 where the target is the likeliest token.
    /// </param>
    public static Loss Compute(
        LanguageModel model, Tensor hidden, IEnumerable<(long Cell, long Target)> predictions, IEnumerable<TokenRow> rows, double count,
        Func<Tensor, Tensor, (Tensor Losses, Tensor IsCorrect)> perToken)
    {
        var all = predictions.ToList();
        var cells = TensorBatch.Longs([.. all.Select(one => one.Cell)], model.Device);                      // (N)
        var targets = TensorBatch.Longs([.. all.Select(one => one.Target)], model.Device);                  // (N)
        var states = hidden.Reshape(-1, hidden.Size(-1)).IndexSelect(0, cells);                             // (N, D)
        var chunks = new TokenChunks(model.TrainableOutput)
        {
            LeastTokens = model.TrainableOutput.Any(IsOutputMatrix) ? states.Size(1) : 1,
        };
        var (sum, correct) = chunks.Sum(states, model.Backbone.VocabularySize, Terms);
        return new(Masked.Reduce(sum, count: count), new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["accuracy"] = Masked.Reduce(correct[0], count: count),
            ["tokens"] = Tensor.Scalar(rows.Sum(row => row.Length), device: model.Device),
        });

        bool IsOutputMatrix(Parameter parameter) => parameter.ElementCount == model.Backbone.VocabularySize * states.Size(1);

        Tensor[] Terms(Tensor part, long from, long to)
        {
            var (logits, expected) = (model.Logits(part, dtype: null), targets.Slice(0, from, to));         // (n, V), (n)
            var (losses, isCorrect) = perToken(logits, expected);
            return [losses, isCorrect];
        }
    }

    public static string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"loss {NumberFormat.Fixed(metrics["loss"], 3)} ({NumberFormat.Percent(metrics["accuracy"])} of tokens correct)";
}
