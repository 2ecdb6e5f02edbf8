using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Adapters;

/// <summary>
/// A LoRA adapter on a model, as PEFT has it: low-rank changes of linear layers, and full copies of <c>modules_to_save</c>. The model's
/// own parameters keep their names and values; what is learned is listed here. An adapter is put on where the model is to stay:
/// <see cref="Module.MoveTo"/> does not move it. Biases that it trains (<c>bias</c> all or lora_only) are the model's own, in PEFT
/// too, and switching it off leaves them as they are.
/// </summary>
public sealed class Lora : IDisposable
{
    const string Prefix = "base_model.model.";

    readonly Module model;
    readonly LoraConfig settings;
    readonly List<(string Name, Linear Layer, LoraLayer Change)> layers = [];
    readonly List<(string Name, Parameter Own, Parameter StandIn)> copies = [];
    readonly List<(Parameter Parameter, Tensor Before)> kept = [];
    bool isMerged;

    /// <summary>Finds what the settings name, without memory yet for what is learned.</summary>
    internal Lora(Module model, JsonObject config, string source)
    {
        (this.model, Config) = (model, config);
        settings = LoraConfig.Read(new(config, source));
        var modules = model.NamedModules().ToList();
        var inner = modules.First(module => module.Value is Backbone).Value.NamedModules().Select(module => module.Value).ToHashSet();
        foreach (var (name, module) in modules)
            if (settings.IsTarget(name, isInner: module is Linear && inner.Contains(module)))
                layers.Add((name, Adaptable(name, module, source), settings.NewLayer(name, (Linear)module)));
            else if (settings.IsSaved(name))
                copies.AddRange(module.NamedParameters().Select(own => ($"{name}.{own.Name}", own.Value, own.Value.EmptyLike())));
        if (Unfit(modules) is { } problem)
            throw new InvalidDataException($"{source}: {problem}");
        ExtraParameters = [.. TrainedBiases(settings.Bias)];
        Connect();
    }

    /// <summary>A new adapter, which changes nothing yet.</summary>
    /// <param name="model">What it is put on.</param>
    /// <param name="config">Settings in the keys of adapter_config.json.</param>
    /// <param name="random">Draws the start.</param>
    /// <exception cref="InvalidDataException">The settings are wrong, or fit no layer of the model.</exception>
    public static Lora Create(Module model, JsonObject config, RandomSource random)
    {
        var lora = new Lora(model, config.DeepClone().AsObject(), "the adapter's settings");
        foreach (var (_, _, change) in lora.layers)
            change.Initialize(random);
        using var ownWeights = Disable();
        foreach (var (_, own, standIn) in lora.copies)
            standIn.Value = own.Value.Detach().Clone();
        if (lora.settings.TargetsAllLinear)
            lora.Config["target_modules"] = new JsonArray([.. lora.layers.Select(layer => (JsonNode)layer.Name)]);
        lora.Config["fan_in_fan_out"] = lora.layers.Exists(layer => layer.Layer.IsInputMajor);
        return lora;
    }

    /// <summary>The adapter_config.json, unused keys included.</summary>
    public JsonObject Config { get; }

    /// <summary>Parameters of the model that are stored with the adapter: biases that are trained, and whatever a file brings.</summary>
    internal List<(string Name, Parameter Value)> ExtraParameters { get; }

    /// <summary>Whether adapters are off on this thread.</summary>
    [field: ThreadStatic]
    internal static bool IsDisabled { get; set; }

    /// <summary>
    /// Until the result is disposed of, models compute on this thread what their own weights say, as if no adapter were on them: the
    /// reference of RL. Other threads are not touched. A merged adapter is part of those weights.
    /// </summary>
    /// <param name="off">False leaves adapters as they are.</param>
    public static LoraDisabledScope Disable(bool off = true) => new(off);

    /// <summary>What is learned, under the names of PEFT's files.</summary>
    public IEnumerable<(string Name, Parameter Value)> NamedParameters() =>
        Stored().Where(parameter => !ExtraParameters.Contains(parameter) || parameter.Name.EndsWith("bias", StringComparison.Ordinal));

    /// <summary>Makes what is learned here, and nothing else of the model, trainable.</summary>
    public void SetTrainable()
    {
        using (Disable())
            model.SetTrainable(false);
        foreach (var (_, parameter) in NamedParameters())
            parameter.Trainable = true;
    }

    /// <summary>Writes the change into the model's weights.</summary>
    /// <param name="keepBase">Whether the weights are kept aside for <see cref="Unmerge"/>; else they are freed one by one.</param>
    public void Merge(bool keepBase = true)
    {
        if (isMerged)
            throw new InvalidOperationException("the adapter is merged already");
        using var noGrad = Autograd.NoGrad();
        Disconnect();
        isMerged = true;
        foreach (var (_, layer, change) in layers)
            Replace(layer.Weight, change.Merged);
        foreach (var (_, own, standIn) in copies)
            Replace(own, standIn.Value.Clone);

        void Replace(Parameter parameter, Func<Tensor> change)
        {
            using var scope = TensorScope.Open();
            var before = parameter.Value;
            parameter.Value = change();
            if (keepBase)
                kept.Add((parameter, before));
            else
                before.Dispose();
        }
    }

    /// <summary>Gives the model back the weights it had, to the bit.</summary>
    public void Unmerge()
    {
        if (kept.Count == 0)
            throw new InvalidOperationException("the adapter is not merged, or the weights before it were not kept");
        foreach (var (parameter, before) in kept)
        {
            parameter.Value.Dispose();
            parameter.Value = before;
        }
        kept.Clear();
        isMerged = false;
        Connect();
    }

    /// <summary>Takes the adapter off the model and frees it; what was merged stays merged.</summary>
    public void Dispose()
    {
        Disconnect();
        foreach (var (_, before) in kept)
            before.Dispose();
        foreach (var (_, parameter) in Learned())
            parameter.Value.Dispose();
    }

    /// <summary>Everything that a file of the adapter holds.</summary>
    internal IEnumerable<(string Name, Parameter Value)> Stored() => Learned().Concat(ExtraParameters);

    /// <summary>The parameter of the model that a name in a file means, or null.</summary>
    internal Parameter? Own(string name) => OwnName(name) is { } own ? model.NamedParameters().FirstOrDefault(parameter => parameter.Name == own).Value : null;

    /// <summary>What a model calls the parameter that a file holds whole under this name; null when it is none.</summary>
    internal static string? OwnName(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) && !name.Contains(".lora_", StringComparison.Ordinal)
        ? name[Prefix.Length..].Replace(".base_layer.", ".", StringComparison.Ordinal)
        : null;

    IEnumerable<(string Name, Parameter Value)> Learned()
    {
        foreach (var (name, _, change) in layers)
        {
            yield return ($"{Prefix}{name}.lora_A.weight", change.A);
            yield return ($"{Prefix}{name}.lora_B.weight", change.B);
            if (change.Magnitude is not null)
                yield return ($"{Prefix}{name}.lora_magnitude_vector", change.Magnitude);
        }
        foreach (var (name, _, standIn) in copies)
            yield return (Prefix + name, standIn);
    }

    IEnumerable<(string Name, Parameter Value)> TrainedBiases(LoraBias which)
    {
        var adapted = layers.ToDictionary(layer => layer.Name + ".bias", layer => $"{layer.Name}.base_layer.bias", StringComparer.Ordinal);
        return from parameter in model.NamedParameters()
               where parameter.Name.EndsWith("bias", StringComparison.Ordinal)
               where which == LoraBias.All || (which == LoraBias.LoraOnly && adapted.ContainsKey(parameter.Name))
               select (Prefix + adapted.GetValueOrDefault(parameter.Name, parameter.Name), parameter.Value);
    }

    void Connect()
    {
        foreach (var (_, layer, change) in layers)
            layer.Adapter = change;
        foreach (var (_, own, standIn) in copies)
            own.Override = standIn;
    }

    void Disconnect()
    {
        foreach (var (_, layer, _) in layers)
            layer.Adapter = null;
        foreach (var (_, own, _) in copies)
            own.Override = null;
    }

    string? Unfit(List<(string Name, Module Value)> modules)
    {
        if (layers.Count == 0)
            return $"'target_modules' fits no layer of the model; its linear layers are {Ends(modules.Where(module => module.Value is Linear))}";
        if (settings.SavedModules.Count > 0 && copies.Count == 0)
            return "'modules_to_save' fits no module of the model (a tied output head is none)";
        return model is LanguageModel { IsTied: true } language && copies.Exists(copy => copy.Own == language.Backbone.TokenEmbedding)
            ? "'modules_to_save' names the token table, which is the output matrix too; untie them first"
            : null;
    }

    static Linear Adaptable(string name, Module module, string source) => module as Linear
        ?? throw new InvalidDataException($"{source}: 'target_modules' names {name}, which is no linear layer; only those are adapted");

    static string Ends(IEnumerable<(string Name, Module Value)> modules) =>
        string.Join(", ", modules.Select(module => module.Name[(module.Name.LastIndexOf('.') + 1)..]).Distinct(StringComparer.Ordinal));
}

/// <summary>Switches adapters back to what they were when it is disposed of.</summary>
public readonly ref struct LoraDisabledScope
{
    readonly bool before;

    public LoraDisabledScope(bool off) => (before, Lora.IsDisabled) = (Lora.IsDisabled, Lora.IsDisabled || off);

    public void Dispose() => Lora.IsDisabled = before;
}
