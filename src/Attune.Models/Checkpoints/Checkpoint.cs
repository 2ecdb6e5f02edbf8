using System.Text.Json.Nodes;
using Attune.Input;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>The tensors of a Hugging Face folder, in one safetensors file or in shards with an index.</summary>
sealed class Checkpoint : IDisposable
{
    /// <summary>The prefix of all names but those of heads in a checkpoint that trlX wrote.</summary>
    const string TrlxPrefix = "base_model.";

    readonly string folder;
    readonly ModelFamily family;
    readonly List<Safetensors> files = [];
    readonly Dictionary<string, (Safetensors File, string Name)> tensors = new(StringComparer.Ordinal);

    Checkpoint(string folder, ModelFamily family) => (this.folder, this.family) = (folder, family);

    public IReadOnlyCollection<string> Names => tensors.Keys;

    public int FileCount => files.Count;

    /// <exception cref="InvalidDataException">The folder has no weights, or a file is damaged.</exception>
    public static Checkpoint Open(string folder, ModelFamily family)
    {
        var checkpoint = new Checkpoint(folder, family);
        foreach (var file in FileNames(folder))
            checkpoint.Add(Path.Combine(folder, file));
        checkpoint.AddMissingPrefix();
        checkpoint.RequireEqualCopies();
        if (HeadsFile.PathIn(folder) is var heads && File.Exists(heads))
            checkpoint.Add(heads);
        return checkpoint;
    }

    /// <summary>Whether the checkpoint has an output matrix that differs from the token embedding, so that the model is not tied.</summary>
    public bool HasOwnOutputMatrix() => family.TiedTensors.Any(pair => Differ(pair.Own, pair.Shared));

    /// <summary>
    /// Completes the checkpoint of a model with its own output matrix: parameters that it lacks, such as the bias, are those that a tied
    /// model uses.
    /// </summary>
    public void CompleteOutputMatrix()
    {
        foreach (var (own, shared) in family.TiedTensors)
            if (tensors.TryGetValue(shared, out var tensor))
                tensors.TryAdd(own, tensor);
    }

    /// <summary>Copies every parameter of a model, after checking names and shapes.</summary>
    /// <param name="model">Its parameters may have no memory yet.</param>
    /// <param name="ignored">Names in the checkpoint that the model does not need.</param>
    /// <param name="dtype">The type of the parameters; null for the stored type.</param>
    /// <param name="initialised">Names in the model that may be missing from the checkpoint.</param>
    public void CopyTo(Module model, Func<string, bool> ignored, DType? dtype, Func<string, bool>? initialised = null)
    {
        foreach (var (name, parameter) in Match(model, ignored, initialised))
        {
            parameter.Value = tensors[name].File.Read(tensors[name].Name, dtype);
            parameter.StoredDType = Entry(name).DType;
        }
    }

    /// <summary>The model's parameters that the checkpoint has, by name. Reads no weights.</summary>
    /// <exception cref="InvalidDataException">Names, shapes or types do not match.</exception>
    public IReadOnlyDictionary<string, Parameter> Match(Module model, Func<string, bool> ignored, Func<string, bool>? initialised = null)
    {
        var expected = model.NamedParameters().Where(p => initialised?.Invoke(p.Name) != true).ToDictionary(p => p.Name, p => p.Value);
        Report("lacks", expected.Keys.Except(tensors.Keys));
        Report(
            "has tensors that the model does not have:",
            tensors.Keys.Except(expected.Keys)
                .Where(name => !ignored(name) && !family.IsIgnored(name) && !RewardModel.IsOfAnEnsemble(name)));
        foreach (var (name, parameter) in expected)
            Check(name, parameter);
        return expected;
    }

    /// <summary>Reads one tensor in its stored type.</summary>
    public Tensor Read(string name) => tensors[name].File.Read(tensors[name].Name);

    public SafetensorsEntry Entry(string name) => tensors[name].File.Header.Entries[tensors[name].Name];

    public void Dispose()
    {
        foreach (var file in files)
            file.Dispose();
    }

    static IEnumerable<string> FileNames(string folder)
    {
        if (File.Exists(Path.Combine(folder, "model.safetensors")))
            return ["model.safetensors"];
        var index = Path.Combine(folder, "model.safetensors.index.json");
        if (!File.Exists(index))
            throw new InvalidDataException(
                $"{folder} has no model.safetensors; weights in other formats (.bin, .pt) are not supported, convert them first");
        var map = JsonInput.ReadObject(index)["weight_map"] as JsonObject
            ?? throw new InvalidDataException($"{index} must have 'weight_map', an object with the file of each tensor");
        return map.Select(row => ShardName(folder, row.Value)).Distinct(StringComparer.Ordinal);
    }

    /// <summary>The name of a shard from an index, which is untrusted: a file of the folder that exists.</summary>
    static string ShardName(string folder, JsonNode? value)
    {
        if (value is not JsonValue text || !text.TryGetValue(out string? name) || name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0
            || !name.EndsWith(".safetensors", StringComparison.Ordinal))
            throw new InvalidDataException($"{folder}/model.safetensors.index.json is damaged: {value?.ToJsonString() ?? "null"} is not "
                + "the name of a safetensors file");
        return File.Exists(Path.Combine(folder, name))
            ? name
            : throw new InvalidDataException($"{folder} lacks {name}, which model.safetensors.index.json names; get the model again");
    }

    void RequireEqualCopies()
    {
        foreach (var (copy, original) in family.Copies)
            if (Differ(copy, original))
                throw new InvalidDataException(
                    $"{folder}: '{copy}' differs from '{original}'; a {family.Type} model with several token embeddings is not supported");
    }

    bool Differ(string first, string second) =>
        tensors.TryGetValue(first, out var one) && tensors.TryGetValue(second, out var two)
            && !one.File.HasSame(one.Name, two.File, two.Name);

    void Add(string path)
    {
        var file = Safetensors.Open(path);
        files.Add(file);
        foreach (var name in file.Header.Entries.Keys)
            if (!tensors.TryAdd(family.CurrentName(WithoutPrefix(name)), (file, name)))
                throw new InvalidDataException($"{path}: '{name}' is also in another file of {folder}");
    }

    static string WithoutPrefix(string name) =>
        name.StartsWith(TrlxPrefix, StringComparison.Ordinal) ? name[TrlxPrefix.Length..] : name;

    /// <summary>Adds the prefix to the names of checkpoints that were saved from a bare backbone.</summary>
    void AddMissingPrefix()
    {
        var prefix = family.BackboneName.Length == 0 ? "" : family.BackboneName + ".";
        if (tensors.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            return;
        foreach (var (name, entry) in tensors.ToList())
        {
            tensors.Remove(name);
            tensors[prefix + name] = entry;
        }
    }

    void Check(string name, Parameter parameter)
    {
        var (dtype, shape) = (Entry(name).DType, Entry(name).Shape);
        if (dtype is not (DType.Float32 or DType.BFloat16 or DType.Float16))
            throw new InvalidDataException(
                $"{folder}: '{name}' has type {dtype}; weights must be float32, bfloat16 or float16. "
                + "For a quantised checkpoint, use the original one");
        if (!parameter.Shape.SequenceEqual(shape))
            throw new InvalidDataException(
                $"{folder}: '{name}' has shape [{string.Join(", ", shape)}], but config.json requires "
                + $"[{string.Join(", ", parameter.Shape.ToArray())}]");
    }

    void Report(string problem, IEnumerable<string> names)
    {
        var list = names.ToList();
        if (list.Count == 0)
            return;
        var rest = list.Count > 5 ? $" and {list.Count - 5} more" : "";
        throw new InvalidDataException($"the checkpoint in {folder} {problem} {string.Join(", ", list.Take(5))}{rest}");
    }
}
