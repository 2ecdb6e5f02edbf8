using Attune.Hub;
using Attune.Input;
using Attune.Models.Adapters;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>
/// Loads and saves LoRA adapters in the format of PEFT: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.
/// https://github.com/huggingface/peft
/// </summary>
public static class Peft
{
    /// <summary>The name of the file with an adapter's settings.</summary>
    public const string ConfigFile = "adapter_config.json";

    const string BaseKey = "base_model_name_or_path";

    /// <summary>Whether a folder has an adapter and not a whole model.</summary>
    public static bool IsAdapter(string folder) =>
        File.Exists(ConfigPath(folder)) && !Directory.EnumerateFiles(folder, "model*.safetensors").Any();

    /// <summary>Whether an adapter is that of a classifier of texts or of tokens, such as a reward model.</summary>
    internal static bool IsOfRewardModel(string folder) =>
        new ConfigReader(JsonInput.ReadObject(ConfigPath(folder)), ConfigPath(folder)).Text("task_type", "") is "SEQ_CLS" or "TOKEN_CLS";

    /// <summary>
    /// The folder of an adapter's base model. A relative path is resolved from the adapter's folder, then from the current one;
    /// a name of the Hugging Face Hub is looked up in the cache.
    /// </summary>
    /// <exception cref="InvalidDataException">The folder does not exist.</exception>
    public static string BaseFolder(string folder)
    {
        var name = new ConfigReader(JsonInput.ReadObject(ConfigPath(folder)), ConfigPath(folder)).Text(BaseKey, "");
        string[] places = [Path.GetFullPath(Path.Combine(folder, name)), Path.GetFullPath(name.Length == 0 ? "." : name)];
        return (name.Length == 0 ? null : Array.Find(places, place => File.Exists(Path.Combine(place, "config.json"))))
            ?? HubLookup.Find(HubKind.Model, name)
            ?? throw new InvalidDataException(
                $"{folder} is an adapter whose base model '{name}' is not on this machine; get that model, or set '{BaseKey}' in "
                + $"{ConfigPath(folder)} to its folder{HubLookup.Hint(HubKind.Model, name)}");
    }

    /// <summary>Number of parameters in an adapter's file.</summary>
    public static long ElementCount(string folder) =>
        SafetensorsHeader.Read(WeightsPath(folder)).Entries.Values
            .Sum(entry => entry.Shape.Aggregate(1L, (product, length) => product * length));

    /// <summary>Adds the adapter of a folder to a model, with its weights.</summary>
    /// <exception cref="InvalidDataException">The folder has no LoRA adapter, a damaged one, or one of another model.</exception>
    public static Lora Load(string folder, Module model)
    {
        var config = JsonInput.ReadObject(ConfigPath(folder));
        var heads = (model as LanguageModel)?.AddHeads(new(config, ConfigPath(folder))) ?? [];
        var lora = new Lora(model, config, ConfigPath(folder));
        var path = WeightsPath(folder);
        if (!File.Exists(path))
            throw new InvalidDataException(
                $"{folder} has no {Path.GetFileName(path)}; adapters in other formats (.bin) are not supported, convert them first");
        var device = model.Parameters.First().Value.Device;
        LoadHeads(folder, model, heads, device);
        using var file = Safetensors.Open(path);
        lora.ExtraParameters.Clear();
        var inside = File.Exists(HeadsFile.PathIn(folder)) ? [] : heads.Select(name => Lora.Prefix + name);
        var names = file.Header.Entries.Keys.Union(inside);
        foreach (var name in names.Except(lora.Stored().Select(parameter => parameter.Name)).ToList())
            lora.ExtraParameters.Add((name, lora.Own(name)
                ?? throw new InvalidDataException($"{path} has '{name}', which neither the model nor adapter_config.json has")));
        using var scope = TensorScope.Open();
        foreach (var (name, parameter) in lora.Stored())
            Read(file, path, name, parameter, device);
        return lora;
    }

    /// <summary>Loads the heads that an adapter's settings describe from their own file; older adapters have them inside.</summary>
    static void LoadHeads(string folder, Module model, IReadOnlyList<string> described, Device device)
    {
        var path = HeadsFile.PathIn(folder);
        if (!File.Exists(path))
            return;
        using var file = Safetensors.Open(path);
        using var scope = TensorScope.Open();
        if (file.Header.Entries.Keys.Except(described).FirstOrDefault() is { } unknown)
            throw new InvalidDataException($"{path} has '{unknown}', which adapter_config.json does not describe");
        foreach (var (name, parameter) in model.NamedParameters().IntersectBy(described, own => own.Name))
            Read(file, path, name, parameter, device);
    }

    /// <summary>Loads an adapter, merges it into its base model and removes it.</summary>
    internal static T Merged<T>(string folder, T model) where T : Module
    {
        using var lora = Load(folder, model);
        lora.Merge(keepBase: false);
        return model;
    }

    /// <summary>Parameters of the model that an adapter's file stores in full.</summary>
    internal static IReadOnlyCollection<string> WholeNames(string folder) =>
        [.. SafetensorsHeader.Read(WeightsPath(folder)).Entries.Keys.Select(Lora.OwnName).OfType<string>()];

    /// <summary>Saves an adapter, and the model's additional heads in a file of their own, without the tokenizer.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="lora">The adapter.</param>
    /// <param name="baseModel">The folder of the base model; null keeps the one in the adapter's settings.</param>
    public static void Save(string folder, Lora lora, string? baseModel = null)
    {
        using var scope = TensorScope.Open();
        Directory.CreateDirectory(folder);
        var config = lora.Config.DeepClone().AsObject();
        if (baseModel is not null)
            config[BaseKey] = baseModel;
        Head.WriteConfig(config, lora.Heads);
        AdvantageShift.WriteConfig(config, lora.Advantage);
        Pretrained.WriteJson(ConfigPath(folder), config);
        HeadsFile.WriteApart(WeightsPath(folder), lora.Stored(), lora.Heads);
    }

    static void Read(Safetensors file, string path, string name, Parameter parameter, Device device)
    {
        if (!file.Header.Entries.TryGetValue(name, out var entry))
            throw new InvalidDataException($"{path} has no tensor '{name}', which adapter_config.json requires");
        if (!parameter.Shape.SequenceEqual(entry.Shape))
            throw new InvalidDataException(
                $"{path}: '{name}' has shape [{string.Join(", ", entry.Shape)}], but the model and adapter_config.json require "
                + $"[{string.Join(", ", parameter.Shape.ToArray())}]");
        parameter.Value = file.Read(name, DType.Float32).To(device);
        parameter.StoredDType = entry.DType;
    }

    static string ConfigPath(string folder) => Path.Combine(folder, ConfigFile);

    static string WeightsPath(string folder) => Path.Combine(folder, "adapter_model.safetensors");
}
