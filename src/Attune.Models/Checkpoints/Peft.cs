using Attune.Models.Adapters;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>
/// LoRA adapters from and to the folders of PEFT: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.
/// https://github.com/huggingface/peft
/// </summary>
public static class Peft
{
    internal const string ConfigFile = "adapter_config.json";
    const string BaseKey = "base_model_name_or_path";

    /// <summary>Whether a folder holds an adapter, and no whole model.</summary>
    public static bool IsAdapter(string folder) => File.Exists(ConfigPath(folder)) && !Directory.EnumerateFiles(folder, "model*.safetensors").Any();

    /// <summary>The folder of the model that an adapter was trained on; a relative path counts from the adapter's folder, or from the current one.</summary>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public static string BaseFolder(string folder)
    {
        var name = new ConfigReader(Pretrained.ReadObject(ConfigPath(folder)), ConfigPath(folder)).Text(BaseKey, "");
        string[] places = [Path.GetFullPath(Path.Combine(folder, name)), Path.GetFullPath(name.Length == 0 ? "." : name)];
        return (name.Length == 0 ? null : Array.Find(places, place => File.Exists(Path.Combine(place, "config.json"))))
            ?? throw new InvalidDataException(
                $"{folder} holds an adapter, whose model '{name}' is not on this machine; get that model and set '{BaseKey}' in {ConfigPath(folder)} to its folder");
    }

    /// <summary>How many numbers the file of an adapter holds.</summary>
    public static long ElementCount(string folder) =>
        SafetensorsHeader.Read(WeightsPath(folder)).Entries.Values.Sum(entry => entry.Shape.Aggregate(1L, (product, length) => product * length));

    /// <summary>Puts the adapter of a folder on a model, with its weights.</summary>
    /// <exception cref="InvalidDataException">The folder holds no LoRA adapter, a damaged one, or one of another model.</exception>
    public static Lora Load(string folder, Module model)
    {
        var lora = new Lora(model, Pretrained.ReadObject(ConfigPath(folder)), ConfigPath(folder));
        var path = WeightsPath(folder);
        if (!File.Exists(path))
            throw new InvalidDataException($"{folder} has no {Path.GetFileName(path)}; adapters in other formats (.bin) are not read, convert them first");
        using var file = Safetensors.Open(path);
        lora.ExtraParameters.Clear();
        foreach (var name in file.Header.Entries.Keys.Except(lora.Stored().Select(parameter => parameter.Name)).ToList())
            lora.ExtraParameters.Add((name, lora.Own(name) ?? throw new InvalidDataException($"{path} has '{name}', which the model or adapter_config.json does not know")));
        var device = model.Parameters.First().Value.Device;
        using var scope = TensorScope.Open();
        foreach (var (name, parameter) in lora.Stored())
            Read(file, path, name, parameter, device);
        return lora;
    }

    /// <summary>The model that an adapter makes of its base: with the adapter merged in, and off.</summary>
    internal static T Merged<T>(string folder, T model) where T : Module
    {
        using var lora = Load(folder, model);
        lora.Merge(keepBase: false);
        return model;
    }

    /// <summary>The parameters of a model that an adapter's file holds whole.</summary>
    internal static IReadOnlyCollection<string> WholeNames(string folder) =>
        [.. SafetensorsHeader.Read(WeightsPath(folder)).Entries.Keys.Select(Lora.OwnName).OfType<string>()];

    /// <summary>Writes an adapter; the tokenizer is written beside it by whoever has it.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="lora">What is written.</param>
    /// <param name="baseModel">The folder of the model that it changes; null keeps what its settings say.</param>
    public static void Save(string folder, Lora lora, string? baseModel = null)
    {
        using var scope = TensorScope.Open();
        Directory.CreateDirectory(folder);
        var config = lora.Config.DeepClone().AsObject();
        if (baseModel is not null)
            config[BaseKey] = baseModel;
        Pretrained.WriteJson(ConfigPath(folder), config);
        Safetensors.Write(
            WeightsPath(folder),
            lora.Stored().Select(parameter => (parameter.Name, parameter.Value.Value.Detach().To(parameter.Value.StoredDType))),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
    }

    static void Read(Safetensors file, string path, string name, Parameter parameter, Device device)
    {
        if (!file.Header.Entries.TryGetValue(name, out var entry))
            throw new InvalidDataException($"{path} lacks '{name}', which adapter_config.json asks for");
        if (!parameter.Shape.SequenceEqual(entry.Shape))
            throw new InvalidDataException(
                $"{path}: '{name}' has shape [{string.Join(", ", entry.Shape)}], the model and adapter_config.json ask for [{string.Join(", ", parameter.Shape.ToArray())}]");
        parameter.Value = file.Read(name, DType.Float32).To(device);
        parameter.StoredDType = entry.DType;
    }

    static string ConfigPath(string folder) => Path.Combine(folder, ConfigFile);

    static string WeightsPath(string folder) => Path.Combine(folder, "adapter_model.safetensors");
}
