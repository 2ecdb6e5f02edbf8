using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>
/// Pretraining of an encoder: guess the tokens of a text that are hidden. Devlin et al. 2019, section 3.1,
/// https://arxiv.org/abs/1810.04805. Departures: (1) no prediction of the next sentence, as in Liu et al. 2019,
/// https://arxiv.org/abs/1907.11692; (2) documents that share a row do not see each other, and each counts its positions from 0.
/// </summary>
public sealed class MaskedLm : IObjective<MaskedRow>
{
    readonly LanguageModel model;
    readonly Tokenizer tokenizer;
    readonly Masking masking;
    readonly PretrainOptions options;
    readonly int seed;

    /// <exception cref="InvalidDataException">The tokenizer has no mask token, or words are to be hidden whole and it marks none.</exception>
    public MaskedLm(LanguageModel model, Tokenizer tokenizer, PretrainOptions options, int seed)
    {
        (this.model, this.tokenizer, this.options, this.seed) = (model, tokenizer, options, seed);
        var mask = tokenizer.MaskId ?? throw new InvalidDataException(
            "the tokenizer names no mask_token, which stands for hidden tokens; take a tokenizer of a masked language model, or train one "
            + "(tokenizer.kind: wordPiece)");
        bool[] special = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IsSpecial)];
        masking = new(options.Masking, mask, special, options.Masking.WholeWords ? WordMarks.Continuing(tokenizer) : []);
    }

    /// <summary>Rows of which nothing is hidden yet: <see cref="Transform"/> does that.</summary>
    public static IReadOnlyList<MaskedRow> Rows(IEnumerable<TokenRow> rows) => [.. rows.Select(row => new MaskedRow(row, row.Tokens))];

    public MaskedRow Transform(MaskedRow example, long number) => masking.Mask(example.Input, seed, number);

    public double Count(IReadOnlyCollection<MaskedRow> batch) => batch.Sum(row => row.TargetCount);

    public Loss Compute(IReadOnlyList<MaskedRow> examples, double count)
    {
        TokenRow[] rows = [.. examples.Select(example => example.Input)];
        var input = TensorBatch.From(rows, tokenizer.FillId, model.Device);                                 // (B, T)
        var hidden = model.HiddenStates(input);                                                                   // (B, T, D)
        return TokenLoss.Compute(model, hidden, Guesses(examples, (int)input.Tokens.Size(1)), rows, count,
            (logits, targets) => CrossEntropy.Smoothed(logits, targets, options.LabelSmoothing));
    }

    public int Length(MaskedRow example) => example.Labels.Length;

    public string Describe(MaskedRow example) => tokenizer.Decode(example.Labels).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => TokenLoss.Summarize(metrics);

    /// <summary>The cell of each hidden token in the flattened (B · T), and the token.</summary>
    static IEnumerable<(long Cell, long Target)> Guesses(IReadOnlyList<MaskedRow> rows, int columns) =>
        from row in rows.Index()
        from at in Enumerable.Range(0, row.Item.Labels.Length)
        where row.Item.Input.LossMask[at]
        select ((long)row.Index * columns + at, (long)row.Item.Labels[at]);
}
