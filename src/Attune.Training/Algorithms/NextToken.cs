using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>
/// The objective of pretraining and of fine-tuning: the mean loss of every token that is to be learned, given those before it. The
/// output head is applied at those tokens only.
/// </summary>
/// <param name="model">The model that learns.</param>
/// <param name="tokenizer">Its tokenizer, for messages and padding.</param>
/// <param name="perToken">(N, V) logits and (N) targets → (N) losses.</param>
public sealed class NextToken(LanguageModel model, Tokenizer tokenizer, Func<Tensor, Tensor, Tensor> perToken) : IObjective<TokenRow>
{
    public double Count(IReadOnlyCollection<TokenRow> batch) => batch.Sum(row => row.LearnedCount);

    public Loss Compute(IReadOnlyList<TokenRow> examples, double count)
    {
        var input = TensorBatch.From(examples, tokenizer.FillId, model.Device);                 // (B, T)
        var (before, targets) = Targets(examples, (int)input.Tokens.Size(1));
        var hidden = model.Hidden(input);                                                       // (B, T, D)
        var logits = model.Logits(hidden.Reshape(-1, hidden.Size(-1)).IndexSelect(0, before));  // (N, V)
        var loss = Masked.Reduce(perToken(logits, targets), count: count);
        var right = logits.Detach().ArgMax(-1).EqualTo(targets).To(DType.Float32).Sum().Item();
        return new(loss, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["loss"] = loss.Item(),
            ["accuracy"] = right / Math.Max(count, 1),
            ["tokens"] = examples.Sum(row => row.Length),
        });
    }

    public int Length(TokenRow example) => example.Length;

    public string Describe(TokenRow example) => tokenizer.Decode([.. example.Source ?? [], .. example.Tokens]).Quoted();

    public string InWords(IReadOnlyDictionary<string, double> metrics) =>
        $"loss {metrics["loss"]:F3} ({100 * metrics["accuracy"]:F0} % of tokens right)";

    /// <summary>The cell before each token that is learned, in the flattened (B · T), and the token itself.</summary>
    (Tensor Before, Tensor Targets) Targets(IReadOnlyList<TokenRow> rows, int columns)
    {
        var before = new List<long>();
        var targets = new List<long>();
        for (var row = 0; row < rows.Count; row++)
            for (var at = 1; at < rows[row].Tokens.Length; at++)
                if (rows[row].IsTarget(at))
                {
                    before.Add(row * columns + at - 1);
                    targets.Add(rows[row].Tokens[at]);
                }
        return (TensorBatch.Longs([.. before], model.Device), TensorBatch.Longs([.. targets], model.Device));
    }
}
