using System.ComponentModel.DataAnnotations;
using Attune.Models.Adapters;
using Attune.Models.Checkpoints;

namespace Attune.Training.Parameters;

/// <summary>Which parameters are trained; without any of these, all are. New heads (value, reward) are trained in every case.</summary>
public sealed record ParameterOptions : IValidatableObject
{
    /// <summary>Trains only the top N layers and what stands above them; embeddings and lower layers stay as they are. 0 for all layers.</summary>
    [Range(0, double.PositiveInfinity)]
    public int TopLayers { get; init; }

    /// <summary>What stays as it is: embeddings (with them a tied output matrix), or parts of parameter names such as h.0, with commas between them.</summary>
    public string Freeze { get; init; } = "";

    /// <summary>A low-rank adapter, when its rank is above 0: it is trained, and the whole model stays as it is.</summary>
    public LoraOptions Lora { get; init; } = new();

    /// <summary>The names of <see cref="Freeze"/>.</summary>
    internal IReadOnlyList<string> Frozen => Freeze.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Lora.Rank > 0 && IsPart)
            yield return new("must be 0 with topLayers or freeze: under an adapter the whole model stays as it is", ["Lora.Rank"]);
    }

    /// <summary>The rules that hold below the key <c>parameters</c> of a recipe.</summary>
    /// <param name="model">The folder of the model that is trained; empty for a new one.</param>
    /// <param name="dropsOut">Whether the method has dropout.</param>
    internal IEnumerable<ValidationResult> Validate(string model, bool dropsOut)
    {
        if (model.Length == 0 && IsPart)
            yield return new("must train all of a new model: set topLayers to 0 and freeze to nothing, or name a model", ["Parameters"]);
        if (model.Length == 0 && Lora.Rank > 0)
            yield return new("must be 0 for a new model: an adapter is for a model that is there", ["Parameters.Lora.Rank"]);
        if (Lora.Dropout > 0 && !dropsOut)
            yield return new("must be 0: this method trains without dropout", ["Parameters.Lora.Dropout"]);
        if (Lora is { Rank: > 0, Merge: false } && Peft.IsAdapter(model))
            yield return new("must be true: the model is an adapter itself, and none is read on top of another", ["Parameters.Lora.Merge"]);
    }

    bool IsPart => TopLayers > 0 || Frozen.Count > 0;
}
