using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>The settings of each decoder family that the golden checkpoints do not cover.</summary>
public sealed class DecoderSettingsTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("llama", """{"rope_theta":500}""", """{"rope_parameters":{"rope_theta":500,"rope_type":"default"}}""")]
    [InlineData("mistral", """{"sliding_window":null}""", """{"sliding_window":100}""")]
    [InlineData("mistral", """{}""", """{"sliding_window":4096}""")]
    [InlineData("mistral", """{"sliding_window":3,"layer_types":["full_attention","full_attention"]}""", """{"sliding_window":3}""")]
    [InlineData("qwen2", """{"sliding_window":3,"use_sliding_window":false,"max_window_layers":0}""", """{}""")]
    [InlineData("qwen2", """{"sliding_window":3,"use_sliding_window":true}""", """{}""")]
    [InlineData("qwen2", """{"sliding_window":3,"use_sliding_window":true,"max_window_layers":1}""",
        """{"sliding_window":3,"use_sliding_window":true,"layer_types":["full_attention","sliding_attention"]}""")]
    [InlineData("qwen3", """{"sliding_window":3,"use_sliding_window":true,"max_window_layers":1}""",
        """{"sliding_window":3,"use_sliding_window":true,"layer_types":["full_attention","sliding_attention"]}""")]
    [InlineData("gemma", """{}""", """{"hidden_activation":"gelu_pytorch_tanh"}""")]
    [InlineData("gemma2", """{"sliding_window":3}""", """{"sliding_window":3,"layer_types":["sliding_attention","full_attention"]}""")]
    [InlineData("gemma2", """{}""", """{"attn_logit_softcapping":50,"final_logit_softcapping":30.0,"query_pre_attn_scalar":256}""")]
    [InlineData("gemma3_text", """{"sliding_window":3,"sliding_window_pattern":2}""",
        """{"sliding_window":3,"layer_types":["sliding_attention","full_attention"]}""")]
    [InlineData(
        "gemma3_text", """{"sliding_window":3}""", """{"sliding_window":3,"layer_types":["sliding_attention","sliding_attention"]}""")]
    [InlineData(
        "gemma3_text",
        """{"sliding_window_pattern":2,"rope_theta":5000,"rope_local_base_freq":500,"rope_scaling":{"type":"linear","factor":2}}""",
        """
        {"sliding_window_pattern":2,"rope_parameters":{"full_attention":{"rope_theta":5000,"rope_type":"linear","factor":2},
                                                       "sliding_attention":{"rope_theta":500,"rope_type":"default"}}}
        """)]
    [InlineData("gemma3_text", """{"attn_logit_softcapping":0.1}""", """{}""")]
    [InlineData(
        "gpt_neox",
        """{"rotary_pct":0.5,"rotary_emb_base":500}""",
        """{"rope_parameters":{"partial_rotary_factor":0.5,"rope_theta":500}}""")]
    [InlineData("gpt_neox", """{}""", """{"rotary_pct":0.25,"use_parallel_residual":true}""")]
    [InlineData("phi3", """{"partial_rotary_factor":0.5}""", """{"rope_parameters":{"partial_rotary_factor":0.5,"rope_type":"default"}}""")]
    [InlineData(
        "phi3",
        """{"original_max_position_embeddings":8,"rope_scaling":{"type":"su","short_factor":[1,1,1,1],"long_factor":[2,3,4,5]}}""",
        """{"original_max_position_embeddings":8,"rope_scaling":{"type":"longrope","short_factor":[7,7,7,7],"long_factor":[2,3,4,5]}}""")]
    [InlineData(
        "phi3",
        """{"original_max_position_embeddings":8,"rope_scaling":{"type":"yarn","short_factor":[1,1,1,1],"long_factor":[2,3,4,5]}}""",
        """{"original_max_position_embeddings":8,"rope_scaling":{"type":"longrope","short_factor":[7,7,7,7],"long_factor":[2,3,4,5]}}""")]
    public void TheseSettingsSayTheSame(string family, string settings, string others) =>
        Assert.Equal(Logits(family, settings), Logits(family, others));

    [Theory]
    [InlineData("mistral", """{"sliding_window":3}""")]
    [InlineData("qwen2", """{"sliding_window":3,"use_sliding_window":true,"max_window_layers":1}""")]
    [InlineData("qwen3", """{"sliding_window":3,"use_sliding_window":true,"max_window_layers":1}""")]
    [InlineData("gemma2", """{"sliding_window":3}""")]
    [InlineData("gemma2", """{"attn_logit_softcapping":0.5}""")]
    [InlineData("gemma2", """{"attn_logit_softcapping":null}""")]
    [InlineData("gemma2", """{"final_logit_softcapping":2}""")]
    [InlineData("gemma2", """{"final_logit_softcapping":null}""")]
    [InlineData("gemma2", """{"query_pre_attn_scalar":8}""")]
    [InlineData("gemma2", """{"hidden_activation":"gelu"}""")]
    [InlineData("gemma3_text", """{"sliding_window":3}""")]
    [InlineData("gemma3_text", """{"rope_local_base_freq":500}""")]
    [InlineData("gemma3_text", """{"sliding_window_pattern":1,"rope_theta":500}""")]
    [InlineData("gemma3_text", """{"final_logit_softcapping":2}""")]
    [InlineData("gpt_neox", """{"use_parallel_residual":false}""")]
    [InlineData("gpt_neox", """{"rotary_pct":1}""")]
    [InlineData("gpt_neox", """{"rope_scaling":{"type":"linear","factor":2}}""")]
    [InlineData("phi3", """{"partial_rotary_factor":0.5}""")]
    [InlineData("phi3", """{"sliding_window":3}""")]
    [InlineData(
        "phi3",
        """{"original_max_position_embeddings":8,"rope_scaling":{"type":"longrope","short_factor":[1,1,1,1],"long_factor":[2,3,4,5]}}""")]
    public void ThisSettingChangesTheNumbers(string family, string settings) =>
        Assert.NotEqual(Logits(family, "{}"), Logits(family, settings));

    [Theory]
    [InlineData(
        "qwen2",
        """{"use_sliding_window":true,"layer_types":["full_attention"]}""",
        "layer_types must have one entry for each of the 2 layers (was 1)")]
    [InlineData("qwen2", """{"layer_types":["full_attention","sliding_attention"]}""", "'sliding_window' is missing")]
    [InlineData("gemma2", """{"sliding_window":null}""", "'sliding_window' is missing")]
    [InlineData("gemma2", """{"sliding_window":0}""", "'sliding_window' must be at least 1 (was 0)")]
    [InlineData(
        "gemma2", """{"layer_types":["full_attention","chunked_attention"]}""", "the layer type 'chunked_attention' is not supported")]
    [InlineData("gemma2", """{"layer_types":7}""", "'layer_types' must be a text (was 7)")]
    [InlineData("gemma3_text", """{"use_bidirectional_attention":true}""", "use_bidirectional_attention must be false")]
    [InlineData("gpt_neox", """{"num_attention_heads":3}""", "hidden_size (32) must be a multiple of num_attention_heads (3)")]
    [InlineData("llama", """{"head_dim":7}""", "head_dim (7) must be even")]
    [InlineData("llama", """{"num_hidden_layers":1000000000}""", "'num_hidden_layers' must be at most 1000")]
    [InlineData("vit", """{"architectures":["ViTForImageClassification"]}""",
        "models of type 'vit' (ViTForImageClassification) are not supported; supported types are gpt2, gpt_neox, llama")]
    public void ASettingThatIsNotSupportedIsRefused(string family, string settings, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Logits(family, settings)).Message);

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt_neox")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("gemma")]
    [InlineData("gemma2")]
    [InlineData("gemma3_text")]
    [InlineData("phi3")]
    public void EveryDecoderIsARewardModelOfOneLabel(string family)
    {
        using var folder = new TemporaryFolder();
        using var random = new RandomSource(2);
        var model = Pretrained.NewRewardModel(Config(family, "{}"), random);
        Pretrained.Save(folder.Path, model);
        var input = new ModelInput(Tensor.From([3L, 4, 5], 1, 3));
        Assert.Equal(model.Score(input).ToArray<float>(), Pretrained.LoadRewardModel(folder.Path).Score(input).ToArray<float>());

        var config = Pretrained.ReadConfig(folder.Path);
        config["id2label"] = new JsonObject { ["0"] = "bad", ["1"] = "good", ["2"] = "best" };
        folder.Write("config.json", config.ToJsonString());
        var error = Assert.Throws<InvalidDataException>(() => Pretrained.LoadRewardModel(folder.Path));
        Assert.Contains("3 labels", error.Message);
    }

    [Fact]
    public void ACacheIsReadAgainWhereTheTextOutgrowsTheShortFactorsOfLongRope()
    {
        const string Settings = """
            {"original_max_position_embeddings":6,
             "rope_scaling":{"type":"longrope","short_factor":[1,1,1,1],"long_factor":[2,3,4,5]}}
            """;
        using var random = new RandomSource(1);
        var model = Pretrained.NewLanguageModel(Config("phi3", Settings), random);
        var tokens = Tensor.From([0L, 3, 9, 4, 8, 7, 6, 5, 3, 2, 4, 4, 8, 7, 6, 5, 3, 3], 2, 9);
        var mask = Tensor.Ones([2, 9], DType.Bool);
        mask.Slice(0, 0, 1).Slice(1, 0, 1).FillInPlace(0);                     // the first row is padded on the left
        var positions = ModelInput.FromPadded(tokens, mask).Positions!;
        using var cache = model.Backbone.NewCache(2, 9);
        (long Start, long End)[] steps = [(0, 4), (4, 5), (5, 6), (6, 7), (7, 9)];
        foreach (var (start, end) in steps)
        {
            var hidden = model.HiddenStates(new(Columns(tokens, start, end), Columns(mask, 0, end), Columns(positions, start, end)), cache);
            cache.Advance(end - start);
            var uncached = model.HiddenStates(new(Columns(tokens, 0, end), Columns(mask, 0, end), Columns(positions, 0, end)));
            var real = Columns(mask, start, end).Unsqueeze(2).Expand(2, end - start, 32).Contiguous().ToArray<bool>();
            Numeric.Close(
                Array.ConvertAll(Columns(uncached, start, end).ToArray<float>(), x => (double)x), hidden.ToArray<float>(),
                $"columns {start} to {end}", 1e-5, 1e-5, real);
            var swap = Tensor.From([1L, 0], 2);
            cache.Select(swap);
            (tokens, mask, positions) = (tokens.IndexSelect(0, swap), mask.IndexSelect(0, swap), positions.IndexSelect(0, swap));
        }

        static Tensor Columns(Tensor x, long start, long end) => x.Slice(1, start, end);
    }

    static float[] Logits(string family, string settings)
    {
        using var random = new RandomSource(1);
        var model = Pretrained.NewLanguageModel(Config(family, settings), random);
        return model.Logits(model.HiddenStates(new(Tensor.From([3L, 9, 4, 8, 7, 6, 5, 3, 2, 9, 4, 6], 1, 12)))).ToArray<float>();
    }

    /// <summary>Two layers of four heads of eight channels; weights are large, so that scores and rotations matter.</summary>
    static JsonObject Config(string family, string settings)
    {
        var config = new JsonObject
        {
            ["model_type"] = family,
            ["vocab_size"] = 32,
            ["hidden_size"] = 32,
            ["n_embd"] = 32,
            ["n_layer"] = 2,
            ["n_head"] = 4,
            ["intermediate_size"] = 48,
            ["num_hidden_layers"] = 2,
            ["num_attention_heads"] = 4,
            ["num_key_value_heads"] = 2,
            ["head_dim"] = 8,
            ["max_position_embeddings"] = 64,
            ["initializer_range"] = 0.4,
        };
        foreach (var (key, value) in JsonNode.Parse(settings)!.AsObject())
            config[key] = value?.DeepClone();
        return config;
    }
}
