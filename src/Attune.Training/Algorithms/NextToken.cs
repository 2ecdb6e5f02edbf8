using Attune.Data;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>
/// Next-token prediction, the objective of pretraining and of fine-tuning: the mean loss of all target tokens, each given those before it.
/// </summary>
/// <param name="model">The model that is trained.</param>
/// <param name="tokenizer">Its tokenizer, for messages and padding.</param>
/// <param name="perToken">(N, V) logits and (N) targets → (N) losses, and (N) 1 where the target is the likeliest token.</param>
public sealed class NextToken(LanguageModel model, Tokenizer tokenizer, Func<Tensor, Tensor, (Tensor Losses, Tensor IsCorrect)> perToken)
    : IObjective<TokenRow>
{
    /// <summary>Per-visit augmentation of a row, such as corrupted spans; null for none.</summary>
    public Func<TokenRow, long, TokenRow>? Augment { get; init; }

    /// <summary>Changes the input of a batch of rows, such as by noise; null for none.</summary>
    public Func<ModelInput, IReadOnlyList<TokenRow>, ModelInput>? ChangeInput { get; init; }

    public TokenRow Transform(TokenRow example, long number) => Augment?.Invoke(example, number) ?? example;

    public double Count(IReadOnlyCollection<TokenRow> batch) => batch.Sum(row => row.TargetCount);

    public Loss Compute(IReadOnlyList<TokenRow> examples, double count)
    {
        var input = TensorBatch.From(examples, tokenizer.FillId, model.Device);                 // (B, T)
        var hidden = model.HiddenStates(ChangeInput?.Invoke(input, examples) ?? input);               // (B, T, D)
        return TokenLoss.Compute(model, hidden, Predictions(examples, (int)input.Tokens.Size(1)), examples, count, perToken);
    }

    public int Length(TokenRow example) => example.Length;

    public string Describe(TokenRow example) => tokenizer.Decode([.. example.Source ?? [], .. example.Tokens]).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => TokenLoss.Summarize(metrics);

    /// <summary>The index of the position before each target token in the flattened (B · T), and the token.</summary>
    static IEnumerable<(long Cell, long Target)> Predictions(IReadOnlyList<TokenRow> rows, int columns) =>
        from row in rows.Index()
        from position in Enumerable.Range(0, row.Item.Tokens.Length)
        where row.Item.IsTarget(position)
        select ((long)row.Index * columns + position - 1, (long)row.Item.Tokens[position]);
}
