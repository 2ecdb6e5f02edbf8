using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>Copies of language models in memory, which may share parameters with the first model.</summary>
public static class ModelCopy
{
    /// <summary>
    /// A copy that keeps computing what the model computes now: it shares frozen parameters and copies the trainable ones, those of linear
    /// layers in the type that they compute in.
    /// </summary>
    public static LanguageModel Frozen(LanguageModel model)
    {
        var copy = Sharing(model, (_, parameter) => parameter.Trainable);
        var shared = model.Parameters.Select(parameter => parameter.Value).ToHashSet();
        foreach (var layer in copy.NamedModules().Select(module => module.Value).OfType<Linear>())
            foreach (var own in layer.Parameters.Where(parameter => !shared.Contains(parameter.Value)))
                own.MoveTo(own.Value.Device, layer.ComputeDType);
        return copy;
    }

    /// <summary>A second model with the same heads. It has frozen copies of some parameters and shares the others.</summary>
    /// <param name="model">The first model.</param>
    /// <param name="isCopied">Whether the second model gets a copy of a parameter.</param>
    public static LanguageModel Sharing(LanguageModel model, Func<string, Parameter, bool> isCopied)
    {
        var clone = EmptyLike(model, model.Config);
        var first = model.NamedParameters().ToDictionary(parameter => parameter.Name, parameter => parameter.Value, StringComparer.Ordinal);
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (name, parameter) in clone.NamedParameters())
            parameter.Value = isCopied(name, first[name]) ? Copy(first[name]) : first[name].Value;
        return clone;
    }

    static Tensor Copy(Parameter parameter)
    {
        using var gathered = parameter.Gather();
        return parameter.Value.Clone();
    }

    /// <summary>A model with these settings and the same heads, without memory.</summary>
    internal static LanguageModel EmptyLike(LanguageModel model, JsonObject config)
    {
        var empty = ModelBuilder.WithoutHeads(config, "config.json");
        foreach (var (name, head) in model.Heads)
            empty.AddHead(name, head.EmptyLike());
        empty.Advantage = model.Advantage;
        empty.ComputeIn(model.Backbone.ComputeDType);
        return empty;
    }
}
