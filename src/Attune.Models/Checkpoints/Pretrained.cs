using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Input;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>
/// Loads and saves models in Hugging Face folders: <c>config.json</c>, <c>model.safetensors</c> (or shards with an index) and
/// <c>generation_config.json</c>. Names and shapes are checked before a tensor is copied.
/// </summary>
public static class Pretrained
{
    const string GenerationFile = "generation_config.json";

    /// <summary>A language model with random weights.</summary>
    public static LanguageModel NewLanguageModel(JsonObject config, RandomSource random)
    {
        var model = ModelBuilder.LanguageModel(config, "the model's settings");
        model.Initialize(random);
        return model;
    }

    /// <summary>A reward model with random weights.</summary>
    public static RewardModel NewRewardModel(JsonObject config, RandomSource random, int heads = 1)
    {
        RewardScale.Write(config, heads, scale: null);
        var model = ModelBuilder.RewardModel(config, "the model's settings");
        model.Initialize(random);
        return model;
    }

    /// <summary>
    /// The language model of a folder, with the heads that its config.json describes. A value head needs no description, because TRL
    /// writes none; with <paramref name="expectValueHead"/> a missing value head is an error.
    /// </summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="expectValueHead">Whether a missing value head is an error.</param>
    /// <param name="dtype">The type of the loaded weights; null for the stored type. They are saved in the stored type.</param>
    /// <exception cref="InvalidDataException">
    /// The folder is not a complete checkpoint of a supported family, or has no value head.
    /// </exception>
    public static LanguageModel LoadLanguageModel(string folder, bool expectValueHead = false, DType? dtype = DType.Float32)
    {
        if (Peft.IsAdapter(folder))
            return Peft.Merged(folder, LoadLanguageModel(Peft.BaseFolder(folder), expectValueHead, dtype));
        var config = ReadConfig(folder);
        using var file = Checkpoint.Open(folder, ModelBuilder.Family(config, folder));
        UntieIfOwn(config, folder, file);
        var model = ModelBuilder.LanguageModel(config, ConfigPath(folder), file.Names, expectValueHead);
        file.CopyTo(model, ignored: ModelBuilder.HeadNames(config, folder).Contains, dtype);
        model.GenerationConfig = ReadGenerationConfig(folder);
        return model;
    }

    /// <summary>The reward model of a folder; a missing reward head is an error.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">The type of the loaded weights; null for the stored type. They are saved in the stored type.</param>
    /// <exception cref="InvalidDataException">
    /// The folder is not a complete checkpoint of a supported family, or has no reward head.
    /// </exception>
    public static RewardModel LoadRewardModel(string folder, DType? dtype = DType.Float32)
    {
        using var random = new RandomSource(0);
        var isAdapter = Peft.IsAdapter(folder);
        var source = isAdapter ? Peft.BaseFolder(folder) : folder;
        var config = isAdapter ? WithRewardOf(folder, ReadConfig(source)) : ReadConfig(source);
        var (model, missing) = ReadRewardModel(source, config, random, dtype);
        if (missing.Except(isAdapter ? Peft.WholeNames(folder) : []).FirstOrDefault() is { } name)
            throw new InvalidDataException(
                $"{folder} has no reward head ({name}); train one with `attune reward`, or use the folder of such a run");
        return isAdapter ? Peft.Merged(folder, model) : model;
    }

    /// <summary>The classifier of a folder.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">The type of the loaded weights; null for the stored type.</param>
    /// <exception cref="InvalidDataException">
    /// The folder is not a complete checkpoint of a supported family, or has no head of a classifier.
    /// </exception>
    public static Classifier LoadClassifier(string folder, DType? dtype = DType.Float32)
    {
        if (Peft.IsAdapter(folder))
            throw new InvalidDataException($"{folder} is an adapter; a classifier must be a whole model, so merge the adapter first");
        var config = ReadConfig(folder);
        var family = ModelBuilder.Family(config, folder);
        using var file = Checkpoint.Open(folder, family);
        var json = new ConfigReader(config, ConfigPath(folder));
        var labels = Classifier.LabelsFrom(json);
        var backbone = family.Backbone(json);
        var head = family.RewardHead(json, backbone, labels.Count);
        if (head.NamedParameters().Select(parameter => parameter.Name).Except(file.Names).FirstOrDefault() is { } missing)
            throw new InvalidDataException(
                $"{folder} has no head of a classifier ({missing}); name a folder of the class {family.RewardModelClass}");
        var model = new Classifier(family.BackboneName, backbone, head, labels, Classifier.IsMultiLabel(json));
        file.CopyTo(model, ignored: ModelBuilder.IsHeadOfALanguageModel(config, folder), dtype);
        return model;
    }

    /// <summary>The encoder of a folder, without its head.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">The type of the loaded weights; null for the stored type.</param>
    /// <exception cref="InvalidDataException">The folder is not a complete checkpoint of an encoder.</exception>
    public static Encoder LoadEncoder(string folder, DType? dtype = DType.Float32)
    {
        if (Peft.IsAdapter(folder))
            throw new InvalidDataException($"{folder} is an adapter; an encoder must be a whole model, so merge the adapter first");
        var config = ReadConfig(folder);
        var family = ModelBuilder.Family(config, folder);
        if (family.Backbone(new(config, ConfigPath(folder))) is not Encoder encoder)
            throw new InvalidDataException(
                $"{folder} holds a model of type {family.Type}, which is not an encoder; name one of type bert, roberta or distilbert");
        using var file = Checkpoint.Open(folder, family);
        var prefix = family.BackboneName + ".";
        file.CopyTo(new Bare(family.BackboneName, encoder), ignored: name => !name.StartsWith(prefix, StringComparison.Ordinal), dtype);
        return encoder;
    }

    /// <summary>
    /// A reward model to train: the backbone of a language model with new heads, or a reward model with the heads that its folder has
    /// and new ones up to <paramref name="heads"/>. Its logits are its scores. With a separator of steps, a process reward model.
    /// </summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="random">Draws the new heads.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="stepSeparator">
    /// The text that ends a step, of a process reward model; null for a model that scores whole responses.
    /// </param>
    /// <exception cref="InvalidDataException">The folder has no model, or one with a head of another kind.</exception>
    public static RewardModel RewardModelFrom(string folder, RandomSource random, int heads = 1, string? stepSeparator = null)
    {
        var isAdapter = Peft.IsAdapter(folder);
        var source = isAdapter ? Peft.BaseFolder(folder) : folder;
        var config = ReadConfig(source);
        RewardScale.Write(config, heads, scale: null, stepSeparator);
        config.Remove("architectures");                           // the class of the folder's head, which may be another
        if (!isAdapter)
            return ReadRewardModel(folder, config, random, DType.Float32).Model;
        var model = ModelBuilder.RewardModel(config, folder);
        if (!model.HeadNames.Except(Peft.WholeNames(folder)).Any())
            return Peft.Merged(folder, ReadRewardModel(source, config, random, DType.Float32).Model);
        model.InitializeHead(random);
        var language = LoadLanguageModel(folder).NamedParameters().ToDictionary(own => own.Name, own => own.Value, StringComparer.Ordinal);
        foreach (var (name, parameter) in model.NamedParameters().ExceptBy(model.HeadNames, parameter => parameter.Name))
            (parameter.Value, parameter.StoredDType) = (language[name].Value, language[name].StoredDType);
        return model;
    }

    /// <summary>The settings of an adapter's base model, with the reward heads that the adapter describes.</summary>
    static JsonObject WithRewardOf(string adapter, JsonObject config)
    {
        config.Remove(RewardScale.Key);
        if (JsonInput.ReadObject(Path.Combine(adapter, Peft.ConfigFile))[RewardScale.Key] is { } reward)
            config[RewardScale.Key] = reward.DeepClone();
        return config;
    }

    /// <summary>Whether a folder holds a reward model, or the adapter of one. Reads no weights.</summary>
    /// <exception cref="InvalidDataException">The folder has no model.</exception>
    public static bool IsRewardModel(string folder)
    {
        if (Peft.IsAdapter(folder))
            return Peft.IsOfRewardModel(folder);
        var config = ReadConfig(folder);
        using var file = Checkpoint.Open(folder, ModelBuilder.Family(config, folder));
        return ModelBuilder.RewardHeadNames(config, folder).All(file.Names.Contains);
    }

    /// <summary>
    /// The weights of a language model, which are read one at a time; those of an adapter are merged into its base model in memory.
    /// </summary>
    /// <exception cref="InvalidDataException">The folder is not a complete checkpoint of a language model.</exception>
    public static ModelWeights OpenWeights(string folder)
    {
        if (Peft.IsAdapter(folder))
            return new(LoadLanguageModel(folder, dtype: null), file: null);
        var config = ReadConfig(folder);
        var file = Checkpoint.Open(folder, ModelBuilder.Family(config, folder));
        try
        {
            if (ModelBuilder.RewardHeadNames(config, folder).All(file.Names.Contains))
                throw new InvalidDataException($"{folder} holds a reward model; name a language model");
            UntieIfOwn(config, folder, file);
            var model = ModelBuilder.LanguageModel(config, ConfigPath(folder), file.Names);
            file.Match(model, ModelBuilder.HeadNames(config, folder).Contains);
            model.GenerationConfig = ReadGenerationConfig(folder);
            return new(model, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    static JsonObject? ReadGenerationConfig(string folder) =>
        Path.Combine(folder, GenerationFile) is var path && File.Exists(path) ? JsonInput.ReadObject(path) : null;

    /// <summary>Describes the model of a folder, after checking names and shapes. Reads no weights.</summary>
    /// <exception cref="InvalidDataException">The folder is not a complete checkpoint of a supported family.</exception>
    public static ModelSummary Describe(string folder)
    {
        var config = ReadConfig(folder);
        var family = ModelBuilder.Family(config, folder);
        using var file = Checkpoint.Open(folder, family);
        UntieIfOwn(config, folder, file);
        var isRewardModel = ModelBuilder.RewardHeadNames(config, folder).All(file.Names.Contains);
        var (model, backbone) = Empty();
        var parameters = file.Match(model, ModelBuilder.HeadNames(config, folder).Contains);
        return new(
            family.Type, isRewardModel ? RewardClass(family, model) : family.LanguageModelClass, backbone, model.ParameterCount,
            ModelSummary.CountLowRank(model), ModelFamily.IsTied(new(config, folder)), [.. (model as LanguageModel)?.Heads.Keys ?? []],
            parameters.GroupBy(p => file.Entry(p.Key).DType)
                .ToDictionary(type => type.Key, type => type.Sum(p => p.Value.ElementCount * type.Key.Size())),
            file.FileCount);

        (Module Model, Backbone Backbone) Empty()
        {
            if (isRewardModel && ModelBuilder.RewardModel(config, ConfigPath(folder)) is var reward)
                return (reward, reward.Backbone);
            var language = ModelBuilder.LanguageModel(config, ConfigPath(folder), file.Names);
            return (language, language.Backbone);
        }
    }

    /// <summary>The backbone that a folder's config.json describes, without weights; the folder needs no other file.</summary>
    /// <exception cref="InvalidDataException">The model is of no supported family.</exception>
    public static Backbone DescribeBackbone(string folder)
    {
        var config = ReadConfig(folder);
        return ModelBuilder.Family(config, folder).Backbone(new(config, folder));
    }

    /// <summary>The backbone of a new model with these settings, without weights.</summary>
    public static Backbone DescribeBackbone(JsonObject config) =>
        ModelBuilder.Family(config, "the model's settings").Backbone(new(config, "the model's settings"));

    /// <summary>Saves a model in the format that transformers loads, without the tokenizer.</summary>
    public static void Save(string folder, LanguageModel model)
    {
        model.Config.Remove(RewardScale.Key);
        Head.WriteConfig(model.Config, model.Heads);
        AdvantageShift.WriteConfig(model.Config, model.Advantage);
        var generation = model.GenerationConfig ?? DefaultGenerationConfig(model.Config);
        Save(folder, model, model.Config, family => family.LanguageModelClass, generation);
    }

    /// <inheritdoc cref="Save(string, LanguageModel)"/>
    public static void Save(string folder, RewardModel model)
    {
        if (model.Config["id2label"] is not JsonObject labels || labels.Count != LabelsOf(model))
        {
            var ids = Enumerable.Range(0, LabelsOf(model)).ToList();
            model.Config["id2label"] = new JsonObject(ids.Select(id => KeyValuePair.Create($"{id}", (JsonNode?)$"LABEL_{id}")));
            model.Config["label2id"] = new JsonObject(ids.Select(id => KeyValuePair.Create($"LABEL_{id}", (JsonNode?)id)));
        }
        Head.WriteConfig(model.Config, []);
        AdvantageShift.WriteConfig(model.Config, null);
        model.DescribeHeads(model.Config);
        Save(folder, model, model.Config, family => RewardClass(family, model), generation: null);
    }

    static int LabelsOf(RewardModel model) => model.StepSeparator is null ? 1 : 2;

    static string RewardClass(ModelFamily family, Module model) =>
        (model as RewardModel)?.StepSeparator is null ? family.RewardModelClass : family.StepModelClass;

    /// <summary>The config.json of a folder.</summary>
    /// <exception cref="InvalidDataException">The file does not exist, or is not a JSON object.</exception>
    public static JsonObject ReadConfig(string folder) => File.Exists(ConfigPath(folder))
        ? JsonInput.ReadObject(ConfigPath(folder))
        : throw new InvalidDataException($"{folder} is not a model folder: it has no config.json");

    internal static void WriteJson(string path, JsonObject json) =>
        File.WriteAllText(path, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    /// <summary>Writes every tensor in its stored type, so that a loaded checkpoint is saved bit for bit.</summary>
    static void Save(string folder, Module model, JsonObject config, Func<ModelFamily, string> className, JsonObject? generation)
    {
        using var scope = TensorScope.Open();
        Directory.CreateDirectory(folder);
        var written = config.DeepClone().AsObject();
        written["architectures"] = new JsonArray(className(ModelBuilder.Family(config, folder)));
        if (!written.ContainsKey("dtype") && !written.ContainsKey("torch_dtype"))
            written["torch_dtype"] = model.Parameters.First().StoredDType.ToString().ToLowerInvariant();
        WriteJson(Path.Combine(folder, "config.json"), written);
        if (generation is not null)
            WriteJson(Path.Combine(folder, GenerationFile), generation);
        var heads = (model as LanguageModel)?.Heads ?? new Dictionary<string, Head>();
        HeadsFile.WriteApart(Path.Combine(folder, "model.safetensors"), model.NamedParameters(), heads);
    }

    /// <summary>Writes parameters in their stored types, with the metadata that transformers expects.</summary>
    internal static void WriteTensors(string path, IEnumerable<(string Name, Parameter Value)> parameters)
    {
        Safetensors.Write(
            path,
            parameters.Select(parameter => new SafetensorsSource(
                parameter.Name, parameter.Value.StoredDType, parameter.Value.Shape.ToArray(), () => Stored(parameter.Value))),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });

        static Tensor Stored(Parameter parameter)
        {
            using var gathered = parameter.Gather();
            var stored = parameter.Value.Detach().To(parameter.StoredDType);
            return parameter.IsHeld ? stored : stored.Clone();
        }
    }

    static JsonObject DefaultGenerationConfig(JsonObject config)
    {
        var generation = new JsonObject { ["_from_model_config"] = true };
        foreach (var key in (string[])["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"])
            if (config[key] is { } id)
                generation[key] = id.DeepClone();
        return generation;
    }

    /// <summary>The reward model of a folder, and the parameters of its head that the folder does not have, which are random.</summary>
    static (RewardModel Model, IReadOnlyList<string> Missing) ReadRewardModel(
        string folder, JsonObject config, RandomSource random, DType? dtype)
    {
        using var file = Checkpoint.Open(folder, ModelBuilder.Family(config, folder));
        var model = ModelBuilder.RewardModel(config, ConfigPath(folder));
        model.InitializeHead(random);
        string[] missing = [.. model.HeadNames.Except(file.Names)];
        if (missing.Length < model.HeadNames.Count())
            RequireLabels(config, folder, LabelsOf(model));
        file.CopyTo(model, ignored: ModelBuilder.IsHeadOfALanguageModel(config, folder), dtype, initialised: missing.Contains);
        return (model, missing);
    }

    /// <summary>
    /// Changes the settings of a tied model where the checkpoint has its own output matrix that differs, as transformers 5 reads it.
    /// </summary>
    static void UntieIfOwn(JsonObject config, string source, Checkpoint file)
    {
        if (!ModelFamily.IsTied(new(config, source)) || !file.HasOwnOutputMatrix())
            return;
        ModelFamily.Untie(config);
        file.CompleteOutputMatrix();
    }

    static void RequireLabels(JsonObject config, string folder, int expected)
    {
        if (config["id2label"] is JsonObject labels && labels.Count != expected)
            throw new InvalidDataException(
                $"{folder} has a head with {labels.Count} labels; "
                + (expected == 1 ? "a reward model must have one label" : "a process reward model must have two labels"));
    }

    /// <summary>A backbone with the names of checkpoints.</summary>
    sealed class Bare : Module
    {
        public Bare(string name, Backbone backbone) => Register(name, backbone);
    }

    static string ConfigPath(string folder) => Path.Combine(folder, "config.json");
}
