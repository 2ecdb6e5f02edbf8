using System.Globalization;
using System.Text.Json.Nodes;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Export.Tests;

/// <summary>
/// An exported model gives the same logits and greedy responses in llama.cpp. GPT-2 and Gemma are compared more loosely, because llama.cpp
/// looks GELU up in a table of float16.
/// </summary>
public sealed class GgufModelTests : IDisposable
{
    const string LongRope =
        """{"rope_parameters": {"rope_type": "longrope", "short_factor": [1, 2, 3, 4], "long_factor": [2, 3, 4, 5], "rope_theta": 500}}""";

    static readonly string[] Names =
    [
        "gpt2", "llama", "llama-tied", "mistral", "qwen2", "qwen2-sharded", "qwen3", "gemma2", "gemma3", "phi3",
    ];

    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();
    readonly List<string> notices = [];

    public static TheoryData<string, string> Checkpoints =>
        [.. from name in Names
            from config in GoldenModels.Configs(name)
            select (name, config)];

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Checkpoints))]
    public void Gguf_OfAGoldenCheckpoint_ComputesAsTransformers(string name, string config)
    {
        using var file = new LlamaCpp(Export(GoldenModels.Copy(name, config, folder), GgufType.F32));
        var length = int.Parse(file.Metadata[$"{file.Metadata["general.architecture"]}.context_length"], CultureInfo.InvariantCulture);
        var expected = GoldenModels.Expected(name);
        CompareLogits(file, expected.GetProperty("forward").GetProperty("right_padded"), length, UsesGelu(name));
        if (length >= 32)
            CompareResponses(file, expected.GetProperty("generate"));
        Golden.Ran("export: logits and greedy responses in llama.cpp");
    }

    static bool UsesGelu(string name) => name.StartsWith('g');

    static void CompareLogits(LlamaCpp file, System.Text.Json.JsonElement forward, int length, bool usesGelu)
    {
        var logits = GoldenTensor.Read(forward.GetProperty("outputs").GetProperty("logits"));
        var (columns, tokens) = ((int)logits.Shape[1], (int)logits.Shape[2]);
        foreach (var (row, ids) in GoldenModels.Prompts(forward.GetProperty("inputs")).Index())
            foreach (var (column, actual) in file.Logits([.. ids.Take(length)]).Index())
                Close(logits.Data.AsSpan((row * columns + column) * tokens, tokens), actual, usesGelu, $"row {row}, column {column}");
    }

    static void Close(ReadOnlySpan<double> expected, float[] actual, bool usesGelu, string what)
    {
        var tolerance = usesGelu ? 1e-3 * Math.Max(10, actual.Max(Math.Abs)) : 1e-4;
        for (var token = 0; token < expected.Length; token++)
            Assert.True(
                Math.Abs(expected[token] - actual[token]) < tolerance,
                $"{what}, token {token}: expected {expected[token]}, {actual[token]} in llama.cpp");
    }

    static void CompareResponses(LlamaCpp file, System.Text.Json.JsonElement generate)
    {
        var sequences = GoldenModels.Rows(generate.GetProperty("greedy_no_eos").GetProperty("sequences"));
        foreach (var (prompt, sequence) in GoldenModels.Prompts(generate.GetProperty("inputs")).Zip(sequences))
            Assert.Equal(sequence[^20..], file.Greedy(prompt, 20));
    }

    [Theory]
    [InlineData("llama", """{"rope_parameters": {"rope_type": "yarn", "rope_theta": 500, "factor": 4}}""",
        """{"original_max_position_embeddings": 8}""")]
    [InlineData("llama", """{"rope_parameters": {"rope_type": "dynamic", "rope_theta": 500, "factor": 4}}""")]
    [InlineData("llama", LongRope, """{"original_max_position_embeddings": 512, "max_position_embeddings": 4096}""")]
    [InlineData("phi3", LongRope, """{"original_max_position_embeddings": 4, "max_position_embeddings": 1024}""")]
    [InlineData("phi3", """{"rope_parameters": {"rope_type": "default", "rope_theta": 500, "partial_rotary_factor": 0.5}}""")]
    [InlineData("llama", """{"attention_bias": true, "mlp_bias": true, "head_dim": 16, "rope_parameters": null}""")]
    [InlineData("qwen2", """{"rope_parameters": {"rope_type": "yarn", "factor": 4, "attention_factor": 1.5}}""",
        """{"original_max_position_embeddings": 8}""")]
    [InlineData("gemma2", """{"model_type": "gemma", "layer_types": null}""")]
    public void Gguf_OfOtherSettings_ComputesAsAttune(string name, params string[] settings)
    {
        var model = Random(name, settings);
        using var file = new LlamaCpp(Export(folder.File("model"), GgufType.F32));
        int[] ids = [5, 9, 200, 3, 17, 100, 42, 42, 8, 11, 90, 2];
        var expected = model.Logits(model.HiddenStates(new(Tensor.From([.. ids.Select(id => (long)id)], 1, ids.Length))));
        var tokens = (int)expected.Size(2);
        var values = Array.ConvertAll(expected.ToArray<float>(), value => (double)value);
        foreach (var (column, actual) in file.Logits(ids).Index())
            Close(values.AsSpan(column * tokens, tokens), actual, UsesGelu(name), $"column {column}");
    }

    /// <summary>A model with the settings of a golden one and others, all its weights random, biases and norms too.</summary>
    LanguageModel Random(string name, params string[] settings)
    {
        var config = Pretrained.ReadConfig(Golden.PathTo("models", name));
        foreach (var (key, value) in settings.SelectMany(json => JsonNode.Parse(json)!.AsObject()))
            config[key] = value?.DeepClone();
        using var random = new RandomSource(7);
        var model = Pretrained.NewLanguageModel(config, random);
        foreach (var parameter in model.Parameters)
            parameter.Value.NormalInPlace(0, parameter.Shape.Length == 1 ? 1 : 0.2, random);
        Pretrained.Save(folder.File("model"), model);
        return model;
    }

    [Theory]
    [InlineData("f16", 0.01, 1)]
    [InlineData("bf16", 0.1, 1)]
    [InlineData("q8_0", 0.5, 7)]
    public void Gguf_OfOtherTypes_ComputesNearly(string type, double tolerance, int notExact)
    {
        var checkpoint = GoldenModels.Copy("llama", "config.json", folder);
        using var exact = new LlamaCpp(Export(checkpoint, GgufType.F32));
        using var file = new LlamaCpp(Export(checkpoint, GgufType.Parse(type)));
        Assert.Equal(GgufType.Parse(type).FileType.ToString(CultureInfo.InvariantCulture), file.Metadata["general.file_type"]);
        Assert.InRange(new FileInfo(folder.File($"{type}.gguf")).Length, 1, new FileInfo(folder.File("f32.gguf")).Length / 2 + 20_000);
        var difference = exact.Logits([1, 2, 3, 4, 5])[4].Zip(file.Logits([1, 2, 3, 4, 5])[4], (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(difference, tolerance / 1000 * notExact, tolerance);
    }

    [Fact]
    public void Gguf_OfAnAdapter_HasItsMergedWeights()
    {
        var adapter = Golden.PathTo("lora", "llama-lora");
        using var file = new LlamaCpp(Export(adapter, GgufType.F32));
        var model = Pretrained.LoadLanguageModel(adapter);
        var expected = model.Logits(model.HiddenStates(new(Tensor.From([3L, 1, 4], 1, 3)))).Slice(1, 2).ToArray<float>();
        Close([.. expected.Select(value => (double)value)], file.Logits([3, 1, 4])[2], usesGelu: false, "the last token");
    }

    [Fact]
    public void Gguf_OfAModelWithAValueHead_LeavesItOut()
    {
        var checkpoint = Golden.PathTo("models", "gpt2-value-head");
        using var file = new LlamaCpp(Export(checkpoint, GgufType.F32));
        Assert.Equal(["the heads v_head are not exported: llama.cpp has only the language model"], notices);
    }

    [Fact]
    public void Gguf_OfASlidingWindowThatLlamaCppIgnores_HasItsLengthAsContext()
    {
        using var file = new LlamaCpp(Export(Golden.PathTo("models", "mistral"), GgufType.F32));
        Assert.Equal("5", file.Metadata["llama.context_length"]);
        Assert.Contains("the context length is 5 tokens, up to which the results are the same (was 128)", Assert.Single(notices));
    }

    [Theory]
    [InlineData("gpt_neox", "{}", "models of type gpt_neox cannot be exported; types that can be are llama, mistral")]
    [InlineData("llama", """{"hidden_act": "relu"}""", "llama.cpp supports the activation silu only, and config.json names another")]
    [InlineData("gpt2", """{"activation_function": "gelu"}""", "computes GPT-2 with activation_function gelu_new only (was gelu)")]
    [InlineData("gpt2", """{"scale_attn_by_inverse_layer_idx": true}""", "scale_attn_by_inverse_layer_idx false only")]
    [InlineData(
        "qwen2", """{"rope_parameters": {"rope_type": "llama3", "factor": 2, "low_freq_factor": 1, "high_freq_factor": 4}}""",
        "llama.cpp supports no rotary scaling 'llama3' with these settings")]
    [InlineData("qwen3", """{"attention_bias": true}""", "no such biases (attention_bias, mlp_bias)")]
    [InlineData("llama", """{"rope_parameters": {"partial_rotary_factor": 0.5}}""", "no rotary positions on a part of a head")]
    [InlineData("gemma2", """{"tie_word_embeddings": false}""", "an output matrix that is the token embedding only")]
    [InlineData("gemma2", """{"layer_types": ["full_attention", "sliding_attention"]}""", "windows in all but every n-th layer only")]
    [InlineData("gemma3", """{"final_logit_softcapping": 30}""", "final_logit_softcapping for gemma2 only")]
    public void Export_OfAModelThatLlamaCppDoesNotCompute_IsRefused(string name, string settings, string expected)
    {
        Random(name, settings);
        var error = Assert.Throws<InvalidDataException>(() => Export(folder.File("model"), GgufType.F32));
        Assert.Contains(expected, error.Message);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.gguf*"));
    }

    [Fact]
    public void Export_OfARewardModel_IsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => Export(Golden.PathTo("models", "llama-reward"), GgufType.F32));
        Assert.Contains("holds a reward model; name a language model", error.Message);
    }

    [Fact]
    public void Export_OfAWeightBeyondFloat16_NamesItAndLeavesNoFile()
    {
        var model = Random("llama", "{}");
        model.Parameters.First().Value.FillInPlace(70_000);
        Pretrained.Save(folder.File("model"), model);
        var error = Assert.Throws<InvalidDataException>(() => Export(folder.File("model"), GgufType.F16));
        Assert.Equal("token_embd.weight: it has a weight beyond the range of f16; use --type bf16 or f32", error.Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    string Export(string checkpoint, GgufType type)
    {
        var path = folder.File($"{type.Name}.gguf");
        var rows = Pretrained.DescribeBackbone(Peft.IsAdapter(checkpoint) ? Peft.BaseFolder(checkpoint) : checkpoint).VocabularySize;
        GgufExport.Write(checkpoint, ByteTokenizer.Of((int)rows), path, type, "a test", notices.Add);
        return path;
    }
}
