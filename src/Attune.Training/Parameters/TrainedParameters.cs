using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Attune.Models;
using Attune.Models.Adapters;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Text;
using Attune.Torch;

namespace Attune.Training.Parameters;

/// <summary>
/// The parameters of a model that a run trains, which its optimizer updates and its checkpoints hold, and how the result is saved.
/// </summary>
public sealed partial class TrainedParameters
{
    readonly ParameterOptions options;
    readonly Lora? lora;

    TrainedParameters(Module model, ParameterOptions options, Lora? lora)
    {
        (Model, this.options, this.lora) = (model, options, lora);
        using var ownWeights = Lora.Disable();
        Named = [.. lora?.NamedParameters() ?? [], .. model.NamedParameters().Where(parameter => parameter.Value.Trainable)];
        if (Named.Count == 0)
            throw new InvalidDataException("`parameters.freeze` must leave some parameters to train.");
    }

    public Module Model { get; }

    /// <summary>The parameters with their names in a checkpoint, or in PEFT's files.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Named { get; }

    /// <summary>Makes the parameters of the options trainable and freezes all others; adds an adapter where the options have one.</summary>
    /// <exception cref="InvalidDataException">The model has no such parameters.</exception>
    public static TrainedParameters Select(Module model, ParameterOptions options, int seed)
    {
        if (options.Lora is { Rank: > 0, Merge: true } && model.Parameters.Any(parameter => parameter.Owner is not null))
            throw new InvalidDataException(
                "`parameters.lora.merge` must be false with `run.shardWeights`: no process has the whole model, which the adapter would be "
                + "merged into. `attune models merge` can do it afterwards.");
        if (options.Lora.Rank > 0)
            return new(model, options, NewAdapter(model, options.Lora, seed));
        model.SetTrainable(true);
        var frozen = Lower(model, options.TopLayers).Concat(Listed(model, options.Frozen)).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, parameter) in model.NamedParameters())
            if (frozen.Contains(name))
                parameter.Trainable = false;
        foreach (var parameter in HeadsOf(model).Where(head => head.IsFrozen).SelectMany(head => head.Parameters))
            parameter.Trainable = false;
        return new(model, options, lora: null);
    }

    /// <summary>Whether an adapter is trained; the model without it is unchanged.</summary>
    public bool HasAdapter => lora is not null;

    /// <summary>
    /// What is trained of a language model, by the names of its parameters, with functions that compute the present values; those of an
    /// adapter are the merged weights.
    /// </summary>
    public IReadOnlyDictionary<string, Func<Tensor>> Values() => lora is null
        ? Model.NamedParameters().Where(parameter => parameter.Value.Trainable)
            .ToDictionary(parameter => parameter.Name, parameter => (Func<Tensor>)(() => parameter.Value.Value), StringComparer.Ordinal)
        : lora.MergedParameters().ToDictionary(parameter => parameter.Name, parameter => parameter.Value, StringComparer.Ordinal);

    /// <summary>
    /// Saves the result: the model; or the model with the adapter merged, and the adapter in <c>adapter</c>; or the adapter alone.
    /// </summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="baseModel">The folder that the model was loaded from.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="saveModel">Writes the model and the tokenizer to a folder.</param>
    public void Save(string folder, string baseModel, Tokenizer tokenizer, Action<string> saveModel)
    {
        if (lora is not null)
            (Model as RewardModel)?.DescribeHeads(lora.Config);
        if (lora is null)
            saveModel(folder);
        else if (options.Lora.Merge)
            SaveMerged(lora);
        else
            SaveAdapter(lora);

        void SaveMerged(Lora adapter)
        {
            adapter.Merge(keepBase: false);
            saveModel(folder);
            if (!Peft.IsAdapter(baseModel))
                Peft.Save(Path.Combine(folder, "adapter"), adapter, baseModel);
        }

        void SaveAdapter(Lora adapter)
        {
            ModelFolder.RequireFinite(Named.Select(parameter => parameter.Value));
            Peft.Save(folder, adapter, baseModel);
            tokenizer.Save(folder);
        }
    }

    /// <summary>Saves the model as it is now, and changes nothing: the adapter alone, or the model with the adapter merged.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="baseModel">The folder that the model was loaded from.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="adapterOnly">Whether to save the adapter alone.</param>
    public void SaveCopy(string folder, string baseModel, Tokenizer tokenizer, bool adapterOnly)
    {
        if (adapterOnly)
        {
            ModelFolder.RequireFinite(Named.Select(parameter => parameter.Value));
            Peft.Save(folder, lora!, baseModel);
            return;
        }
        lora?.Merge();
        try
        {
            ModelFolder.Save(folder, (LanguageModel)Model, tokenizer);
        }
        finally
        {
            lora?.Unmerge();
        }
    }

    static Lora NewAdapter(Module model, LoraOptions options, int seed)
    {
        var config = options.ToConfig();
        config["task_type"] = TaskOf(model);
        if (model is RewardModel reward)
            config["modules_to_save"] =
                new JsonArray([.. options.WholeModules.Concat(ModulesOf(reward.HeadNames)).Select(name => (JsonNode)name)]);
        using var random = new RandomSource((ulong)seed);
        var adapter = Lora.Create(model, config, random);
        adapter.SetTrainable();
        foreach (var parameter in HeadsOf(model).Where(head => !head.IsFrozen).SelectMany(head => head.Parameters))
            parameter.Trainable = true;
        return adapter;
    }

    /// <summary>PEFT's <c>task_type</c> of the model.</summary>
    static string? TaskOf(Module model) => model is RewardModel reward
        ? reward.StepSeparator is null ? "SEQ_CLS" : "TOKEN_CLS"
        : (model as LanguageModel)?.Backbone.Kind switch
    {
        BackboneKind.Decoder => "CAUSAL_LM",
        BackboneKind.EncoderDecoder => "SEQ_2_SEQ_LM",
        _ => null,
    };

    static IEnumerable<string> ModulesOf(IEnumerable<string> parameters) =>
        parameters.Select(name => name[..name.LastIndexOf('.')]).Distinct(StringComparer.Ordinal);

    static IEnumerable<Head> HeadsOf(Module model) => (model as LanguageModel)?.Heads.Values ?? [];

    /// <summary>The parameters below the top layers of each stack: lower layers, and what comes before the first.</summary>
    static IEnumerable<string> Lower(Module model, int topLayers)
    {
        if (topLayers == 0)
            yield break;
        var parameters = model.NamedParameters().ExceptBy(HeadsOf(model).SelectMany(head => head.Parameters), parameter => parameter.Value)
            .Select(parameter => (parameter.Name, Layer: LayerNumber().Match(parameter.Name))).ToList();
        var stacks = parameters.Where(parameter => parameter.Layer.Success)
            .GroupBy(parameter => parameter.Layer.Groups["stack"].Value, parameter => NumberOf(parameter.Layer), StringComparer.Ordinal)
            .ToDictionary(stack => stack.Key, stack => stack.Max() + 1, StringComparer.Ordinal);
        if (stacks.Values.Min() < topLayers)
            throw new InvalidDataException(
                $"`parameters.topLayers` must be at most the model's {Quantity.Of(stacks.Values.Min(), "layer")} (was {topLayers}).");
        foreach (var (name, layer) in parameters)
            if (layer.Success ? NumberOf(layer) < stacks[layer.Groups["stack"].Value] - topLayers : IsBeforeLayers(name))
                yield return name;

        bool IsBeforeLayers(string name) =>
            parameters.TakeWhile(parameter => !parameter.Layer.Success).Any(parameter => parameter.Name == name);
    }

    /// <summary>The parameters that entries of <c>freeze</c> name.</summary>
    static IEnumerable<string> Listed(Module model, IReadOnlyList<string> list)
    {
        var names = model.NamedParameters().Select(parameter => parameter.Name).ToList();
        var embeddings = model.NamedModules().Where(module => module.Value is Embedding).Select(module => module.Name).ToList();
        foreach (var entry in list)
        {
            var found = names.Where(name => (entry == "embeddings" ? embeddings : [entry])
                .Any(part => $".{name}.".Contains($".{part}.", StringComparison.Ordinal))).ToList();
            if (found.Count == 0)
                throw new InvalidDataException(
                    $"parameters.freeze: '{entry}' matches no parameter of the model, such as {string.Join(", ", names.Take(3))}");
            foreach (var name in found)
                yield return name;
        }
    }

    static int NumberOf(Match layer) => int.Parse(layer.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<stack>.*?\.)(?<number>\d{1,6})\.", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LayerNumber();
}
