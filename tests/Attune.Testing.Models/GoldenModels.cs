using System.Text.Json;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Testing.Models;

/// <summary>The checkpoints of the golden folder of families that Attune supports, and conversion of their JSON to tensors.</summary>
public static class GoldenModels
{
    public static IEnumerable<string> WithClass(string ending) =>
        Golden.Names("models", name => Class(name)?.EndsWith(ending, StringComparison.Ordinal) == true);

    /// <summary>Causal language models in float32.</summary>
    public static IEnumerable<string> Decoders =>
        WithClass("LMHeadModel").Concat(WithClass("ForCausalLM")).Where(name => Expected(name).TryGetProperty("forward", out _));

    /// <summary>Masked language models.</summary>
    public static IEnumerable<string> Encoders => WithClass("ForMaskedLM");

    /// <summary>config.json and, where it exists, the same with the keys of transformers 4.</summary>
    public static IEnumerable<string> Configs(string name) =>
        new[] { "config.json", "config_v4.json" }.Where(file => File.Exists(Golden.PathTo("models", name, file)));

    /// <summary>A copy of a checkpoint that uses one of its configs.</summary>
    public static string Copy(string name, string config, TemporaryFolder to)
    {
        foreach (var file in Directory.EnumerateFiles(Golden.PathTo("models", name), "*.safetensors*"))
            File.Copy(file, to.File(Path.GetFileName(file)));
        File.Copy(Golden.PathTo("models", name, config), to.File("config.json"));
        return to.Path;
    }

    public static JsonElement Expected(string name) => Golden.Json("models", name, "expected.json");

    public static Tensor Longs(JsonElement json) => GoldenTensor.Read(json) is var t ? Tensor.From(t.Longs, t.Shape) : null!;

    public static Tensor Mask(JsonElement json) => GoldenTensor.Read(json) is var t ? Tensor.From(t.Bools, t.Shape) : null!;

    /// <summary>
    /// The input of a case: positions as given, else counted by column as transformers does. For an encoder–decoder the source, and the
    /// decoder's input, as given or made from the labels.
    /// </summary>
    public static ModelInput Input(JsonElement inputs)
    {
        var input = new ModelInput(
            Longs(inputs.GetProperty("input_ids")),
            inputs.TryGetProperty("attention_mask", out var mask) ? Mask(mask) : null,
            inputs.TryGetProperty("position_ids", out var positions) ? Longs(positions) : null,
            TokenTypes: inputs.TryGetProperty("token_type_ids", out var types) ? Longs(types) : null);
        return inputs.TryGetProperty("decoder_input_ids", out var written) ? new(Longs(written), Source: input) : input;
    }

    /// <summary>
    /// The decoder's input for labels (B, T) of an encoder–decoder: the start token and the labels shifted right, with padding for −100.
    /// </summary>
    public static Tensor ShiftedRight(Tensor labels, LanguageModel model)
    {
        var start = Tensor.Full([labels.Size(0), 1], model.Backbone.StartToken!.Value, DType.Int64);
        var pad = (double)model.Config["pad_token_id"]!;
        return Tensor.Concatenate(1, start, labels.MaskedFill(labels.EqualTo(-100), pad).Slice(1, 0, -1));
    }

    /// <summary>The rows of a case's <c>input_ids</c> without padding.</summary>
    public static int[][] Prompts(JsonElement inputs)
    {
        var mask = Rows(inputs.GetProperty("attention_mask"));
        return [.. Rows(inputs.GetProperty("input_ids")).Zip(mask, (ids, real) => ids.Where((_, i) => real[i] != 0).ToArray())];
    }

    /// <summary>A matrix of ids by row.</summary>
    public static int[][] Rows(JsonElement json)
    {
        var tensor = GoldenTensor.Read(json);
        return [.. tensor.Longs.Select(id => (int)id).Chunk((int)tensor.Shape[1])];
    }

    /// <summary>
    /// The columns before a response in the output of transformers' generate: the start token of an encoder–decoder, else the prompt.
    /// </summary>
    public static int Begun(LanguageModel model, JsonElement inputs) =>
        model.Backbone.StartToken is null ? (int)GoldenTensor.Read(inputs.GetProperty("input_ids")).Shape[1] : 1;

    /// <summary>A list of ids, or one.</summary>
    public static int[] Ids(JsonElement json) =>
        json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray().Select(id => id.GetInt32())] : [json.GetInt32()];

    public static void CompareGradients(Module model, JsonElement expected, string what)
    {
        var parameters = model.NamedParameters().ToDictionary(p => p.Name, p => p.Value);
        foreach (var gradient in expected.EnumerateObject())
        {
            var actual = parameters[gradient.Name].Value.Grad!.ToArray<float>().Select(x => (double)x).ToArray();
            var norm = gradient.Value.GetProperty("norm").GetDouble();
            var values = gradient.Value.GetProperty("values").EnumerateArray().Select(GoldenTensor.Number).ToArray();
            var at = gradient.Value.GetProperty("index").EnumerateArray().Select(i => actual[i.GetInt64()]).ToArray();
            Golden.Close(norm, Math.Sqrt(actual.Sum(x => x * x)), $"{what}: norm of the gradient of {gradient.Name}", new(1e-6, 1e-3));
            Golden.Close(values, at, $"{what}: gradient of {gradient.Name}", Tolerance.OfTensor(norm, actual.Length));
        }
    }

    /// <summary>
    /// The mean loss of the labels that are not −100: each predicted from the tokens before it, or at its own position by an encoder.
    /// </summary>
    public static Tensor Loss(LanguageModel model, ModelInput input, Tensor labels)
    {
        var hidden = model.HiddenStates(input);
        return model.Backbone.Kind == BackboneKind.Encoder
            ? Loss(model.Logits(hidden), labels)
            : Loss(model.Logits(hidden.Slice(1, 0, -1)), labels.Slice(1, 1));
    }

    static Tensor Loss(Tensor logits, Tensor labels)
    {
        var wanted = labels.NotEqualTo(-100);                                                               // (B, T)
        var chosen = logits.LogSoftmax(-1).Gather(2, labels.Clamp(0, null).Unsqueeze(2)).Squeeze(2);
        return -(chosen * wanted.To(DType.Float32)).Sum() / wanted.To(DType.Float32).Sum();
    }

    /// <summary>Whether there is such a checkpoint, of a family that Attune supports.</summary>
    public static bool IsKnown(string name) => File.Exists(Golden.PathTo("models", name, "config.json"))
        && ModelFamily.All.Any(family => family.Type == Config(name).GetProperty("model_type").GetString());

    static string? Class(string name) => IsKnown(name) ? Config(name).GetProperty("architectures")[0].GetString() : null;

    static JsonElement Config(string name) => Golden.Json("models", name, "config.json");
}
