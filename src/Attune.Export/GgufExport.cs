using Attune.Models.Checkpoints;
using Attune.Reporting.Files;
using Attune.Text;
using Attune.Torch;

namespace Attune.Export;

/// <summary>Writes language models as GGUF files, which llama.cpp and the programs that are built on it run.</summary>
public static class GgufExport
{
    const uint QuantizationVersion = 2;

    /// <summary>Writes the model of a folder. One tensor is in memory at a time; an adapter and its base model are loaded.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="path">The file; an existing one is replaced when the new one is complete.</param>
    /// <param name="type">The type of matrices. Vectors are float32.</param>
    /// <param name="name">The model's name in the file.</param>
    /// <param name="notify">Called with a message for everything that llama.cpp computes differently.</param>
    /// <returns>The number of parameters.</returns>
    /// <exception cref="InvalidDataException">llama.cpp has no such model or tokenizer.</exception>
    public static long Write(string folder, Tokenizer tokenizer, string path, GgufType type, string name, Action<string> notify)
    {
        using var weights = Pretrained.OpenWeights(folder);
        var model = GgufModel.Of(weights.Model, Path.Combine(folder, "config.json"));
        var words = new GgufTokenizer(tokenizer, weights.Model.EosIds);
        var isPhi3 = model.Architecture == "phi3" && words.IsOfPhi3;
        (string Key, object Value)[] metadata =
        [
            ("general.architecture", model.Architecture),
            ("general.type", "model"),
            ("general.name", NameOf(name, isPhi3)),
            ("general.file_type", type.FileType),
            .. type == GgufType.Q8 ? [("general.quantization_version", (object)QuantizationVersion)] : Array.Empty<(string, object)>(),
            .. model.Settings.Select(setting => ($"{model.Architecture}.{setting.Key}", setting.Value)),
            ($"{model.Architecture}.vocab_size", (uint)weights.Model.Backbone.VocabularySize),
            .. words.Describe((int)weights.Model.Backbone.VocabularySize),
        ];
        foreach (var notice in model.Notices.Concat(words.Notices(stripsRight: isPhi3)).Concat(Heads(weights)))
            notify(notice);
        GgufTensor[] tensors = [.. Weights(weights, model, type), .. model.Frequencies.Select(FrequencyTensor)];
        Write(path, metadata, tensors);
        return tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, length) => product * length));
    }

    /// <summary>
    /// llama.cpp removes the white space after special tokens if the name contains Phi-3, and then does not load models without its tokens.
    /// </summary>
    static string NameOf(string name, bool isPhi3)
    {
        var plain = name.Replace("phi-3", "phi 3", StringComparison.OrdinalIgnoreCase)
            .Replace("phi3", "phi 3", StringComparison.OrdinalIgnoreCase);
        return isPhi3 ? $"Phi-3 {plain}" : plain;
    }

    static IEnumerable<string> Heads(ModelWeights weights) => weights.Model.Heads.Count == 0
        ? []
        : [$"the heads {string.Join(", ", weights.Model.Heads.Keys)} are not exported: llama.cpp has only the language model"];

    static IEnumerable<GgufTensor> Weights(ModelWeights weights, GgufModel model, GgufType type) =>
        from own in weights.Parameters
        where !weights.Model.Heads.Keys.Any(head => own.Key.StartsWith(head + '.', StringComparison.Ordinal))
        let name = model.NameOf(own.Key) ?? throw new InvalidOperationException($"{own.Key} has no name in a GGUF file")
        let shape = model.ShapeOf(name, own.Value.Shape.ToArray())
        select new GgufTensor(name, shape, TypeOf(name, shape, type), () => model.Convert(name, weights.Read(own.Key)));

    /// <summary>
    /// Vectors and positions are float32, as llama.cpp requires it; a matrix whose rows are not whole blocks of q8_0 is float16.
    /// </summary>
    static GgufType TypeOf(string name, long[] shape, GgufType type) =>
        shape.Length == 1 || name.StartsWith("position_embd", StringComparison.Ordinal) ? GgufType.F32
        : shape[^1] % type.BlockElements == 0 ? type
        : GgufType.F16;

    static GgufTensor FrequencyTensor((string Name, float[] Values) frequencies) =>
        new(frequencies.Name, [frequencies.Values.Length], GgufType.F32, () => Tensor.From(frequencies.Values, frequencies.Values.Length));

    static void Write(string path, IReadOnlyList<(string Key, object Value)> metadata, IReadOnlyList<GgufTensor> tensors)
    {
        if (Directory.Exists(path))
            throw new InvalidDataException($"{path} is a folder; name a file, such as {Path.Combine(path, "model.gguf")}");
        AtomicWrite.File(path, unfinished =>
        {
            try
            {
                GgufFile.Write(unfinished, metadata, tensors);
            }
            catch
            {
                File.Delete(unfinished);
                throw;
            }
        });
    }
}
