using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Adapters;

/// <summary>
/// A LoRA adapter on a model, compatible with PEFT: low-rank changes of linear layers, and full copies of <c>modules_to_save</c>. The
/// model's own parameters keep their names and values; the adapter's are listed here. Move the model to its device first:
/// <see cref="Module.MoveTo"/> does not move an adapter. Biases that the adapter trains (<c>bias</c> all or lora_only) are the model's
/// own, as in PEFT; disabling the adapter does not change them back.
/// </summary>
public sealed class Lora : IDisposable
{
    internal const string Prefix = "base_model.model.";

    readonly Module model;
    readonly LoraConfig settings;
    readonly List<(string Name, Linear Layer, LoraLayer Change)> layers = [];
    readonly List<(string Name, Parameter Own, Parameter Replacement)> savedModules = [];
    readonly List<(Parameter Parameter, Tensor Before)> baseWeights = [];
    bool isMerged;

    /// <summary>Finds the modules that the settings name. Parameters of the adapter have no memory yet.</summary>
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
                savedModules.AddRange(module.NamedParameters().Select(own => ($"{name}.{own.Name}", own.Value, own.Value.EmptyLike())));
        if (FindUnfit(modules) is { } problem)
            throw new InvalidDataException($"{source}: {problem}");
        ExtraParameters = [.. TrainedBiases(settings.Bias)];
        Connect();
    }

    /// <summary>Creates an adapter with initial weights, which change nothing.</summary>
    /// <param name="model">The model to adapt.</param>
    /// <param name="config">Settings in the keys of adapter_config.json.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="InvalidDataException">The settings are invalid, or match no layer of the model.</exception>
    public static Lora Create(Module model, JsonObject config, RandomSource random)
    {
        var lora = new Lora(model, config.DeepClone().AsObject(), "the adapter's settings");
        foreach (var (_, _, change) in lora.layers)
            change.Initialize(random);
        using var ownWeights = Disable();
        foreach (var (_, own, replacement) in lora.savedModules)
        {
            using var gathered = own.Gather();
            replacement.Value = own.Value.Detach().Clone();
        }
        if (lora.settings.TargetsAllLinear)
            lora.Config["target_modules"] = new JsonArray([.. lora.layers.Select(layer => (JsonNode)layer.Name)]);
        lora.Config["fan_in_fan_out"] = lora.layers.Exists(layer => layer.Layer.IsInputMajor);
        return lora;
    }

    /// <summary>The adapter_config.json, unused keys included.</summary>
    public JsonObject Config { get; }

    /// <summary>Parameters of the model that are stored with the adapter: trained biases, and any others that its file has.</summary>
    internal List<(string Name, Parameter Value)> ExtraParameters { get; }

    /// <summary>Whether adapters are disabled on this thread.</summary>
    [field: ThreadStatic]
    public static bool IsDisabled { get; internal set; }

    /// <summary>
    /// Until the result is disposed, models on this thread compute with their base weights, as if they had no adapter: the reference of
    /// RL. Does not affect other threads. A merged adapter is part of the base weights.
    /// </summary>
    /// <param name="off">False has no effect.</param>
    public static LoraDisabledScope Disable(bool off = true) => new(off);

    /// <summary>The trained parameters, with the names of PEFT's files.</summary>
    public IEnumerable<(string Name, Parameter Value)> NamedParameters() =>
        Stored().Where(parameter => !ExtraParameters.Contains(parameter) || parameter.Name.EndsWith("bias", StringComparison.Ordinal));

    /// <summary>
    /// The parameters of the model that the adapter changes, by their names in the model, with functions that compute their values as if
    /// the adapter were merged.
    /// </summary>
    public IEnumerable<(string Name, Func<Tensor> Value)> MergedParameters() =>
    [
        .. layers.Select(layer => ($"{layer.Name}.weight", (Func<Tensor>)layer.Change.Merged)),
        .. savedModules.Select(copy => (copy.Name, (Func<Tensor>)(() => copy.Replacement.Value))),
        .. NamedParameters().Where(ExtraParameters.Contains).Select(bias => (OwnName(bias.Name)!, (Func<Tensor>)(() => bias.Value.Value))),
    ];

    /// <summary>Makes the adapter's parameters trainable and freezes all other parameters of the model.</summary>
    public void SetTrainable()
    {
        using (Disable())
            model.SetTrainable(false);
        foreach (var (_, parameter) in NamedParameters())
            parameter.Trainable = true;
    }

    /// <summary>Adds the adapter's changes to the model's weights.</summary>
    /// <param name="keepBase">
    /// Whether to keep the base weights for <see cref="Unmerge"/>; otherwise each is freed after it is merged.
    /// </param>
    public void Merge(bool keepBase = true)
    {
        if (isMerged)
            throw new InvalidOperationException("the adapter is already merged");
        using var noGrad = Autograd.NoGrad();
        Disconnect();
        isMerged = true;
        foreach (var (_, layer, change) in layers)
            Replace(layer.Weight, change.Merged);
        foreach (var (_, own, replacement) in savedModules)
            Replace(own, replacement.Value.Clone);

        void Replace(Parameter parameter, Func<Tensor> change)
        {
            using var scope = TensorScope.Open();
            using var gathered = parameter.Gather();
            var before = parameter.Value;
            parameter.Value = change();
            if (keepBase)
                baseWeights.Add((parameter, before));
            else
                before.Dispose();
        }
    }

    /// <summary>Restores the model's base weights, bit for bit.</summary>
    public void Unmerge()
    {
        if (baseWeights.Count == 0)
            throw new InvalidOperationException("the adapter is not merged, or was merged without keepBase");
        foreach (var (parameter, before) in baseWeights)
        {
            parameter.Value.Dispose();
            parameter.Value = before;
        }
        baseWeights.Clear();
        isMerged = false;
        Connect();
    }

    /// <summary>Removes the adapter from the model and frees it; merged weights stay merged.</summary>
    public void Dispose()
    {
        Disconnect();
        foreach (var (_, before) in baseWeights)
            before.Dispose();
        foreach (var (_, parameter) in OwnParameters())
            parameter.Value.Dispose();
    }

    /// <summary>All parameters that the adapter's file has.</summary>
    internal IEnumerable<(string Name, Parameter Value)> Stored() => OwnParameters().Concat(ExtraParameters);

    /// <summary>The parameter of the model that has this name in a file of PEFT, or null.</summary>
    internal Parameter? Own(string name) => OwnName(name) is { } own
        ? model.NamedParameters().FirstOrDefault(parameter => parameter.Name == own).Value
        : null;

    /// <summary>
    /// The model's name of a parameter that a file stores whole under this name; null for parameters of the low-rank changes.
    /// </summary>
    internal static string? OwnName(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && !name.Contains(".lora_", StringComparison.Ordinal)
        ? name[Prefix.Length..].Replace(".base_layer.", ".", StringComparison.Ordinal)
        : null;

    /// <summary>The heads of the model, which are stored with the adapter in a file of their own.</summary>
    internal IReadOnlyDictionary<string, Head> Heads => (model as LanguageModel)?.Heads ?? new Dictionary<string, Head>();

    /// <summary>How the model generates with the Q heads of ILQL; null without them.</summary>
    internal AdvantageShift? Advantage => (model as LanguageModel)?.Advantage;

    IEnumerable<(string Name, Parameter Value)> OwnParameters()
    {
        foreach (var (name, _, change) in layers)
        {
            yield return ($"{Prefix}{name}.lora_A.weight", change.A);
            yield return ($"{Prefix}{name}.lora_B.weight", change.B);
            if (change.Magnitude is not null)
                yield return ($"{Prefix}{name}.lora_magnitude_vector", change.Magnitude);
        }
        foreach (var (name, _, replacement) in savedModules)
            yield return (Prefix + name, replacement);
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
        foreach (var (_, own, replacement) in savedModules)
            own.Override = replacement;
    }

    void Disconnect()
    {
        foreach (var (_, layer, _) in layers)
            layer.Adapter = null;
        foreach (var (_, own, _) in savedModules)
            own.Override = null;
    }

    string? FindUnfit(List<(string Name, Module Value)> modules)
    {
        if (layers.Count == 0)
            return "'target_modules' matches no layer of the model; its linear layers are "
                + Ends(modules.Where(module => module.Value is Linear));
        if (settings.SavedModules.Count > 0 && savedModules.Count == 0)
            return "'modules_to_save' matches no module of the model (a tied output head does not count)";
        return model is LanguageModel { IsTied: true } language && savedModules.Exists(copy => copy.Own == language.Backbone.TokenEmbedding)
            ? "'modules_to_save' names the token embedding, which is tied to the output matrix; untie them first"
            : null;
    }

    static Linear Adaptable(string name, Module module, string source) => module as Linear
        ?? throw new InvalidDataException(
            $"{source}: 'target_modules' names {name}, which is not a linear layer; only linear layers can be adapted");

    static string Ends(IEnumerable<(string Name, Module Value)> modules) =>
        string.Join(", ", modules.Select(module => module.Name[(module.Name.LastIndexOf('.') + 1)..]).Distinct(StringComparer.Ordinal));
}

/// <summary>Restores the thread's previous state of adapters when it is disposed.</summary>
public readonly ref struct LoraDisabledScope
{
    readonly bool before;

    public LoraDisabledScope(bool off) => (before, Lora.IsDisabled) = (Lora.IsDisabled, Lora.IsDisabled || off);

    public void Dispose() => Lora.IsDisabled = before;
}
