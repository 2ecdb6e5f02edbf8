using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models.Backbones;

namespace Attune.Training.Algorithms;

/// <summary>What pretraining predicts.</summary>
public enum PretrainObjective
{
    /// <summary>Every token from those before it.</summary>
    Causal,

    /// <summary>Hidden tokens from the whole text around them.</summary>
    Masked,

    /// <summary>Hidden spans from the whole text around them.</summary>
    Spans,
}

/// <summary>Options of pretraining.</summary>
public sealed record PretrainOptions
{
    /// <summary>causal for a decoder, masked for an encoder, spans for an encoder–decoder; null for what the model is built for.</summary>
    public PretrainObjective? Objective { get; init; }

    /// <summary>Tokens of a training row; 0 for the model's context. Whole documents stand side by side in it (spans: one document); longer ones are cut.</summary>
    [Range(0, double.PositiveInfinity)]
    public int RowLength { get; init; }

    /// <summary>Mixes the target with all other tokens; 0 for none.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>Whether the model's own dropout acts.</summary>
    public bool Dropout { get; init; } = true;

    /// <summary>What is hidden (masked only).</summary>
    public MaskingOptions Masking { get; init; } = new();

    /// <summary>What is hidden (spans only).</summary>
    public SpanOptions Spans { get; init; } = new();

    /// <summary>What a model learns.</summary>
    /// <exception cref="InvalidDataException">The model is not built for what is asked.</exception>
    public PretrainObjective ObjectiveOf(Backbone backbone)
    {
        var fitting = backbone.Kind switch
        {
            BackboneKind.Encoder => PretrainObjective.Masked,
            BackboneKind.EncoderDecoder => PretrainObjective.Spans,
            _ => PretrainObjective.Causal,
        };
        return Objective is { } asked && asked != fitting
            ? throw new InvalidDataException($"pretrain.objective: {Name(fitting)} was expected for this model, found {Name(asked)}")
            : fitting;

        static string Name(PretrainObjective objective) => objective.ToString().ToLowerInvariant();
    }

    /// <summary>Documents as rows of at most one length.</summary>
    public IReadOnlyList<TokenRow> Rows(PretrainObjective objective, IEnumerable<string> documents, TextEncoder encoder, long context)
    {
        if (RowLength > context)
            throw new InvalidDataException($"pretrain.rowLength: at most the model's context of {context} was expected, found {RowLength}");
        var length = RowLength == 0 ? (int)context : RowLength;
        return objective == PretrainObjective.Spans
            ? SpanDenoising.Rows(documents, encoder, length)
            : Packing.BestFit(documents.Select(encoder.EncodeDocument), length);
    }
}
