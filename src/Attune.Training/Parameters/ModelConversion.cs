using System.Globalization;
using System.Text.Json.Nodes;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Reporting.Files;
using Attune.Torch;
using Attune.Training.Options;

namespace Attune.Training.Parameters;

/// <summary>Makes new model folders of others: adapters merged, other types of weights, averages of weights.</summary>
public static class ModelConversion
{
    const string CheckpointFile = "state.safetensors";

    /// <summary>Writes a model whose weights have another type; the adapter of an adapter's folder is merged in float32.</summary>
    /// <param name="folder">A language model or a reward model.</param>
    /// <param name="output">The folder to write.</param>
    /// <param name="dtype">The type of the weights; null keeps that of each weight.</param>
    /// <exception cref="InvalidDataException">
    /// There is no model, the output exists, or a weight is beyond the range of the type.
    /// </exception>
    public static void Convert(string folder, string output, DType? dtype)
    {
        folder = ModelPath.Find(folder);
        RequireNew(output);
        Save(Load(folder, Peft.IsAdapter(folder) ? DType.Float32 : dtype), folder, output, dtype);
    }

    /// <summary>
    /// Writes the weighted mean of the weights of models with the same settings (a model soup). Wortsman et al. 2022,
    /// https://arxiv.org/abs/2203.05482; for reward models Ramé et al. 2024, https://arxiv.org/abs/2401.12187
    /// </summary>
    /// <param name="folders">Models, or checkpoints of finished runs. The result has the settings of the first one.</param>
    /// <param name="weights">One for each model, above 0; they need not sum to 1.</param>
    /// <param name="output">The folder to write.</param>
    /// <exception cref="InvalidDataException">The models do not have the same weights or tokens, or the output exists.</exception>
    public static void Average(IReadOnlyList<string> folders, IReadOnlyList<double> weights, string output)
    {
        RequireNew(output);
        using var noGrad = Autograd.NoGrad();
        var (first, folder) = LoadModelOrCheckpoint(folders[0]);
        var sum = weights[0];
        foreach (var (name, weight) in folders.Zip(weights).Skip(1))
        {
            sum += weight;
            using var scope = TensorScope.Open();
            var (other, otherFolder) = LoadModelOrCheckpoint(name);
            if (other.GetType() != first.GetType())
                throw new InvalidDataException($"{folders[0]} and {name} are different models: one is a reward model");
            if (!ModelFolder.LoadTokenizer(folder).HasSameTokensAs(ModelFolder.LoadTokenizer(otherFolder)))
                throw new InvalidDataException($"{folders[0]} and {name} have different tokenizers; an average needs models of one origin");
            MoveTowards(first, other, weight / sum, $"{folders[0]} and {name}");
        }
        Save(first, folder, output, dtype: null);
    }

    static void MoveTowards(Module average, Module other, double share, string what)
    {
        var theirs = other.NamedParameters().ToDictionary(own => own.Name, own => own.Value, StringComparer.Ordinal);
        foreach (var (name, parameter) in average.NamedParameters())
        {
            if (!theirs.TryGetValue(name, out var own) || !own.Shape.SequenceEqual(parameter.Shape))
                throw new InvalidDataException($"{what} are different models: '{name}' is not in both with the same shape");
            parameter.Value.LerpInPlace(own.Value, share);
        }
    }

    /// <summary>A model with float32 weights, or a checkpoint of a run in the model of the run, and the folder of the model.</summary>
    static (Module Model, string Folder) LoadModelOrCheckpoint(string name)
    {
        var path = Path.GetFullPath(name);
        if (!File.Exists(Path.Combine(path, CheckpointFile)))
            return (Load(ModelPath.Find(name), DType.Float32), ModelPath.Find(name));
        var folder = ModelPath.Find(Path.GetFullPath(Path.Combine(path, "..", "..")));
        var model = Load(folder, DType.Float32);
        using var state = Safetensors.Open(Path.Combine(path, CheckpointFile));
        var parameters = model.NamedParameters().ToDictionary(own => own.Name, own => own.Value, StringComparer.Ordinal);
        foreach (var entry in state.Header.Entries.Keys.Where(entry => entry.StartsWith("model/", StringComparison.Ordinal)
            || entry.StartsWith("policy/", StringComparison.Ordinal)))
            state.ReadInto(entry, parameters.GetValueOrDefault(entry[(entry.IndexOf('/', StringComparison.Ordinal) + 1)..])?.Value
                ?? throw new InvalidDataException(
                    $"{path} has '{entry}', which the model of its run does not have; checkpoints of adapters cannot be averaged"));
        return (model, folder);
    }

    static Module Load(string folder, DType? dtype) => Pretrained.IsRewardModel(folder)
        ? Pretrained.LoadRewardModel(folder, dtype)
        : Pretrained.LoadLanguageModel(folder, dtype: dtype);

    static void Save(Module model, string folder, string output, DType? dtype)
    {
        if (dtype is { } asked)
            SetType(model, asked);
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        AtomicWrite.Folder(Path.TrimEndingDirectorySeparator(output), unfinished =>
        {
            if (model is RewardModel reward)
                ModelFolder.Save(unfinished, reward, tokenizer);
            else
                ModelFolder.Save(unfinished, (LanguageModel)model, tokenizer);
        });
    }

    static void SetType(Module model, DType dtype)
    {
        using var noGrad = Autograd.NoGrad();
        foreach (var (name, parameter) in model.NamedParameters())
        {
            if (parameter.Value.DType != dtype)
                parameter.Value = parameter.Value.Detach().To(dtype);
            if (!parameter.IsFinite)
                throw new InvalidDataException(string.Create(
                    CultureInfo.InvariantCulture, $"'{name}' has a weight beyond the range of {NameOf(dtype)}; use bfloat16 or float32"));
            parameter.StoredDType = dtype;
        }
        var config = model is RewardModel reward ? reward.Config : ((LanguageModel)model).Config;
        config[config.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = (JsonNode)NameOf(dtype);
    }

    static string NameOf(DType dtype) => dtype.ToString().ToLowerInvariant();

    static void RequireNew(string output)
    {
        if (Path.Exists(output))
            throw new InvalidDataException($"{output} exists already; name a new folder");
    }
}
