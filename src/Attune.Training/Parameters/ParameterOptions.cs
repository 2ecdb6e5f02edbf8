using Attune.Models.Adapters;
using Attune.Models.Checkpoints;

namespace Attune.Training.Parameters;

/// <summary>Which parameters are trained; without any of these, all are. New heads (value, reward) are trained in every case.</summary>
public sealed record ParameterOptions
{
    /// <summary>Trains only the top N layers and what stands above them; embeddings and lower layers stay as they are. 0 for all layers.</summary>
    public int TopLayers { get; init; }

    /// <summary>What stays as it is: embeddings (with them a tied output matrix), or parts of parameter names such as h.0, with commas between them.</summary>
    public string Freeze { get; init; } = "";

    /// <summary>A low-rank adapter, when its rank is above 0: it is trained, and the whole model stays as it is.</summary>
    public LoraOptions Lora { get; init; } = new();

    /// <summary>The names of <see cref="Freeze"/>.</summary>
    internal IReadOnlyList<string> Frozen => Freeze.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What is wrong with the values, each with its key.</summary>
    /// <param name="model">The folder of the model that is trained; empty for a new one.</param>
    /// <param name="dropsOut">Whether the method has dropout.</param>
    public IEnumerable<string> Problems(string model, bool dropsOut)
    {
        if (TopLayers < 0)
            yield return $"parameters.topLayers: a number of at least 0 was expected, found {TopLayers}";
        foreach (var problem in Lora.Problems())
            yield return $"parameters.lora.{problem}";
        var isPart = TopLayers > 0 || Frozen.Count > 0;
        if (Lora.Rank > 0 && isPart)
            yield return "parameters.lora: the whole model stays as it is under an adapter; topLayers 0 and an empty freeze were expected";
        if ((Lora.Rank > 0 || isPart) && model.Length == 0)
            yield return "parameters: topLayers, freeze and lora are for a model that is there; all of a new one is trained";
        if (Lora.Dropout > 0 && !dropsOut)
            yield return $"parameters.lora.dropout: 0 was expected, found {Lora.Dropout}: this method trains without dropout";
        if (Lora is { Rank: > 0, Merge: false } && Peft.IsAdapter(model))
            yield return "parameters.lora.merge: true was expected, since the model is an adapter itself, and none is read on top of another";
    }
}
