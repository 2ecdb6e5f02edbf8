using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>
/// Masked language modelling, the pretraining of an encoder: predict the masked tokens of a text. Devlin et al. 2019, section 3.1,
/// https://arxiv.org/abs/1810.04805. Departures: (1) no next-sentence prediction, as in Liu et al. 2019,
/// https://arxiv.org/abs/1907.11692; (2) documents packed into one row do not attend to each other, and the positions of each start at 0.
/// </summary>
public sealed class MaskedLm : IObjective<MaskedRow>
{
    readonly LanguageModel model;
    readonly Tokenizer tokenizer;
    readonly Masking masking;
    readonly PretrainOptions options;
    readonly int seed;

    /// <exception cref="InvalidDataException">The tokenizer has no mask token, or whole words are masked and it does not mark where words
    /// begin.</exception>
    public MaskedLm(LanguageModel model, Tokenizer tokenizer, PretrainOptions options, int seed)
    {
        (this.model, this.tokenizer, this.options, this.seed) = (model, tokenizer, options, seed);
        var mask = tokenizer.MaskId ?? throw new InvalidDataException(
            "the tokenizer has no mask_token, which replaces masked tokens; use the tokenizer of a masked language model, or train one "
            + "(tokenizer.kind: wordPiece)");
        bool[] special = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IsSpecial)];
        masking = new(options.Masking, mask, special, options.Masking.WholeWords ? WordMarks.Continuing(tokenizer) : []);
    }

    /// <summary>Rows without masked tokens: <see cref="Transform"/> masks them at each visit.</summary>
    public static IReadOnlyList<MaskedRow> Rows(IReadOnlyList<TokenRow> rows) =>
        new ListView<MaskedRow>(rows.Count, at => rows[at] is var row ? new(row, row.Tokens) : null!);

    public MaskedRow Transform(MaskedRow example, long number) => masking.Mask(example.Input, seed, number);

    public double Count(IReadOnlyCollection<MaskedRow> batch) => batch.Sum(row => row.TargetCount);

    public Loss Compute(IReadOnlyList<MaskedRow> examples, double count)
    {
        TokenRow[] rows = [.. examples.Select(example => example.Input)];
        var input = TensorBatch.From(rows, tokenizer.FillId, model.Device);                                 // (B, T)
        var hidden = model.HiddenStates(input);                                                                   // (B, T, D)
        return TokenLoss.Compute(model, hidden, Predictions(examples, (int)input.Tokens.Size(1)), rows, count,
            (logits, targets) => CrossEntropy.Smoothed(logits, targets, options.LabelSmoothing));
    }

    public int Length(MaskedRow example) => example.Labels.Length;

    public string Describe(MaskedRow example) => tokenizer.Decode(example.Labels).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => TokenLoss.Summarize(metrics);

    /// <summary>The index of each masked token in the flattened (B · T), and the token.</summary>
    static IEnumerable<(long Cell, long Target)> Predictions(IReadOnlyList<MaskedRow> rows, int columns) =>
        from row in rows.Index()
        from position in Enumerable.Range(0, row.Item.Labels.Length)
        where row.Item.Input.LossMask[position]
        select ((long)row.Index * columns + position, (long)row.Item.Labels[position]);
}
