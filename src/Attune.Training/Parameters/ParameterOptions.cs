using System.ComponentModel.DataAnnotations;
using Attune.Models.Adapters;
using Attune.Training.Options;

namespace Attune.Training.Parameters;

/// <summary>Which parameters are trained; all by default. New heads (value, reward) are always trained.</summary>
public sealed record ParameterOptions : IValidatableObject
{
    /// <summary>Trains only the top N layers and what follows them; embeddings and lower layers are frozen. 0 for all layers.</summary>
    [Range(0, double.PositiveInfinity)]
    public int TopLayers { get; init; }

    /// <summary>
    /// What is frozen: embeddings (with a tied output matrix), or parts of parameter names such as h.0, separated by commas.
    /// </summary>
    public string Freeze { get; init; } = "";

    /// <summary>A low-rank adapter (LoRA): when its rank is above 0, it is trained and the whole model is frozen.</summary>
    public LoraOptions Lora { get; init; } = new();

    /// <summary>The names of <see cref="Freeze"/>.</summary>
    internal IReadOnlyList<string> Frozen => Freeze.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Lora.Rank > 0 && IsPart)
            yield return new("must be 0 with topLayers or freeze: an adapter freezes the whole model", ["Lora.Rank"]);
    }

    /// <summary>The rules of the section <c>parameters</c> of a recipe.</summary>
    /// <param name="model">The folder of the model that is trained; empty for a new one.</param>
    /// <param name="hasDropout">Whether the method trains with dropout.</param>
    internal IEnumerable<ValidationResult> Validate(string model, bool hasDropout)
    {
        if (model.Length == 0 && IsPart)
            yield return new("must train all of a new model: set topLayers to 0 and freeze to empty, or name a model", ["Parameters"]);
        if (model.Length == 0 && Lora.Rank > 0)
            yield return new("must be 0 for a new model: an adapter needs a pretrained one", ["Parameters.Lora.Rank"]);
        if (Lora.Dropout > 0 && !hasDropout)
            yield return new("must be 0: this method trains without dropout", ["Parameters.Lora.Dropout"]);
        if (Lora is { Rank: > 0, Merge: false } && ModelPath.IsAdapter(model))
            yield return new(
                "must be true: the model is an adapter itself, and an adapter of an adapter cannot be loaded", ["Parameters.Lora.Merge"]);
    }

    bool IsPart => TopLayers > 0 || Frozen.Count > 0;

    /// <summary>Whether every parameter of the model is trained, none in an adapter.</summary>
    internal bool TrainsAll => !IsPart && Lora.Rank == 0;
}
