using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>Options of pretraining.</summary>
public sealed record CausalLmOptions
{
    /// <summary>Tokens of a training row; 0 for the model's context. Whole documents stand side by side in it; longer ones are cut.</summary>
    public int RowLength { get; init; }

    /// <summary>Mixes the target with all other tokens; 0 for none.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Whether the model's own dropout acts.</summary>
    public bool Dropout { get; init; } = true;
}

/// <summary>
/// Pretraining: predict every token of every document from those before it. Radford et al. 2018, eq. 1, "Improving Language
/// Understanding by Generative Pre-Training". Departures: (1) documents that share a row do not see each other, and each counts its
/// positions from 0.
/// </summary>
public static class CausalLm
{
    /// <summary>Documents as rows of one length.</summary>
    public static IReadOnlyList<TokenRow> Pack(IEnumerable<string> documents, TextEncoder encoder, CausalLmOptions options, long context) =>
        Packing.BestFit(documents.Select(encoder.Document), RowLength(options, (int)context));

    static int RowLength(CausalLmOptions options, int context) => options.RowLength switch
    {
        0 => context,
        var length when length <= context => length,
        var length => throw new InvalidDataException($"pretrain.rowLength: at most the model's context of {context} was expected, found {length}"),
    };

    public static IObjective<TokenRow> Objective(LanguageModel model, Tokenizer tokenizer, CausalLmOptions options) =>
        new NextToken(model, tokenizer, (logits, targets) => CrossEntropy.PerToken(logits, targets, options.LabelSmoothing));
}
