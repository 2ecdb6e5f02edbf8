using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Models.Backbones;

namespace Attune.Training.Algorithms;

/// <summary>What a pretraining objective predicts.</summary>
public enum PretrainObjective
{
    /// <summary>Every token from those before it.</summary>
    Causal,

    /// <summary>Masked tokens, from all tokens around them.</summary>
    Masked,

    /// <summary>Masked spans, from all tokens around them.</summary>
    Spans,
}

/// <summary>Options of pretraining.</summary>
public sealed record PretrainOptions
{
    /// <summary>
    /// causal for a decoder, masked for an encoder, spans for an encoder–decoder; null for the objective of the model's architecture.
    /// </summary>
    public PretrainObjective? Objective { get; init; }

    /// <summary>
    /// Tokens of a training row; 0 for the model's context length. Whole documents are packed into a row (spans: one document); longer ones
    /// are cut.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public int RowLength { get; init; }

    /// <summary>Label smoothing: the probability that is spread over all tokens of the vocabulary; 0 for none.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>Whether the model's dropout is applied in training.</summary>
    public bool Dropout { get; init; } = true;

    /// <summary>Which tokens are masked (masked only).</summary>
    public MaskingOptions Masking { get; init; } = new();

    /// <summary>Which spans are masked (spans only).</summary>
    public SpanOptions Spans { get; init; } = new();

    /// <summary>The objective for a backbone.</summary>
    /// <exception cref="InvalidDataException">The option names an objective that the backbone is not built for.</exception>
    public PretrainObjective ObjectiveOf(Backbone backbone)
    {
        var fitting = backbone.Kind switch
        {
            BackboneKind.Encoder => PretrainObjective.Masked,
            BackboneKind.EncoderDecoder => PretrainObjective.Spans,
            _ => PretrainObjective.Causal,
        };
        return Objective is { } asked && asked != fitting
            ? throw new InvalidDataException($"`pretrain.objective` must be {Name(fitting)} for this model (was {Name(asked)}).")
            : fitting;

        static string Name(PretrainObjective objective) => objective.ToString().ToLowerInvariant();
    }

    /// <summary>Documents in tokens, as pieces of at most the row length.</summary>
    /// <exception cref="InvalidDataException">The row length exceeds the context.</exception>
    public ExampleEncoding<TokenRow> Encoding(PretrainObjective objective, long context)
    {
        var length = Length(context);
        return new(Pieces) { Settings = $"{objective} {length}" };

        IEnumerable<TokenRow> Pieces(Example example, TextEncoder encoder)
        {
            var document = encoder.EncodeDocument(Document.From(example));
            return Packing.Pieces(objective == PretrainObjective.Spans ? document[..^1] : document, length);     // spans add their own end
        }
    }

    /// <summary>Pieces as rows: packed, or for spans as they are.</summary>
    public IReadOnlyList<TokenRow> Pack(PretrainObjective objective, IReadOnlyList<TokenRow> pieces, long context) =>
        objective == PretrainObjective.Spans ? pieces : Packing.BestFit(pieces, Length(context));

    int Length(long context) => RowLength > context
        ? throw new InvalidDataException(
            $"`pretrain.rowLength` must be at most the model's context length, {context} (was {RowLength}).")
        : RowLength == 0 ? (int)context : RowLength;
}
