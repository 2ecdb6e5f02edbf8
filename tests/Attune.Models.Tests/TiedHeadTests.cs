using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>
/// Checkpoints whose settings tie the output matrix to the token embedding, and whose files have an output matrix of their own.
/// </summary>
public sealed class TiedHeadTests : IDisposable
{
    static readonly string Case = Repository.PathTo("tests", "golden", "tied-head");

    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Load_OwnMatrixThatDiffers_IsUsedAsInTransformers5()
    {
        var model = Pretrained.LoadLanguageModel(Case);
        Check(model);
        Pretrained.Save(folder.Path, model);
        Assert.False((bool)Pretrained.ReadConfig(folder.Path)["tie_word_embeddings"]!);
        Check(Pretrained.LoadLanguageModel(folder.Path));
        Assert.False(Pretrained.Describe(Case).IsTied);

        static void Check(LanguageModel model)
        {
            List<long> tokens = [284, 279, 27];
            var logits = Logits(model, tokens);
            double[] expected = [2.33051, -2.29169, -0.03322, -1.83469, 0.38882];
            Assert.All(expected.Zip(logits), pair => Assert.Equal(pair.First, pair.Second, 1e-5 + 1e-4 * Math.Abs(pair.First)));
            Assert.Equal(4.07703, logits[272], 1e-5 + 1e-4 * 4.07703);
            while (tokens.Count < 11)
                tokens.Add(Array.IndexOf(Logits(model, tokens), Logits(model, tokens).Max()));
            Assert.Equal([272, 122, 150, 254, 172, 145, 151, 7], tokens[3..]);
        }
    }

    [Theory]
    [InlineData("gpt2", "transformer.wte.weight", "lm_head.weight")]
    [InlineData("gpt_neox", "gpt_neox.embed_in.weight", "embed_out.weight")]
    [InlineData("llama", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("mistral", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("qwen2", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("qwen3", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("gemma2", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("gemma3", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("phi3", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("t5", "shared.weight", "lm_head.weight")]
    [InlineData("bert", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight")]
    [InlineData("roberta", "roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight")]
    [InlineData("distilbert", "distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight")]
    public void Load_OwnMatrix_IsTiedOnlyIfItEqualsTheTokenEmbedding(string name, string embedding, string matrix)
    {
        GoldenModels.Copy(name, "config.json", folder);
        var config = Pretrained.ReadConfig(folder.Path);
        config["tie_word_embeddings"] = true;
        folder.Write("config.json", config.ToJsonString());
        var tensors = Tensors().Where(tensor => tensor.Key != matrix && tensor.Key != "cls.predictions.decoder.bias"
            && tensor.Key != "lm_head.decoder.bias").ToDictionary(StringComparer.Ordinal);
        var tied = LogitsWith(null);
        Assert.Equal(tied, LogitsWith(tensors[embedding]));
        Assert.True(Pretrained.Describe(folder.Path).IsTied);
        var twice = LogitsWith(tensors[embedding] * 2);
        Assert.False(Pretrained.Describe(folder.Path).IsTied);
        Assert.NotEqual(tied, twice);
        var model = Pretrained.LoadLanguageModel(folder.Path);
        Pretrained.Save(folder.File("written"), model);
        Assert.Equal(twice, Logits(Pretrained.LoadLanguageModel(folder.File("written")), [3, 4, 5]));
        Assert.False((bool)Pretrained.ReadConfig(folder.File("written"))["tie_word_embeddings"]!);

        float[] LogitsWith(Tensor? own)
        {
            foreach (var file in Directory.EnumerateFiles(folder.Path, "*.safetensors*"))
                File.Delete(file);
            var all = tensors.Select(tensor => (tensor.Key, tensor.Value));
            Safetensors.Write(folder.File("model.safetensors"), own is null ? all : all.Append((matrix, own)));
            return Logits(Pretrained.LoadLanguageModel(folder.Path), [3, 4, 5]);
        }
    }

    [Theory]
    [InlineData("t5")]
    [InlineData("t5-gated")]                                       // not tied
    public void Load_T5WithTwoTokenEmbeddings_IsRefused(string name)
    {
        GoldenModels.Copy(name, "config.json", folder);
        var tensors = Tensors();
        Safetensors.Write(
            folder.File("model.safetensors"),
            tensors.Select(tensor => (tensor.Key, tensor.Value)).Append(("encoder.embed_tokens.weight", tensors["shared.weight"] * 2)));
        Assert.Contains(
            "'encoder.embed_tokens.weight' differs from 'shared.weight'",
            Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message);
    }

    /// <summary>The logits after the last token, or at it for a masked language model.</summary>
    static float[] Logits(LanguageModel model, IReadOnlyList<long> tokens)
    {
        var text = new ModelInput(Tensor.From([.. tokens], 1, tokens.Count));
        var input = model.Backbone.Kind == BackboneKind.EncoderDecoder ? text with { Source = text } : text;
        return model.Logits(model.HiddenStates(input).Select(1, tokens.Count - 1)).ToArray<float>();
    }

    Dictionary<string, Tensor> Tensors()
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder.Path, "*.safetensors"))
        {
            using var file = Safetensors.Open(path);
            foreach (var name in file.Header.Entries.Keys)
                tensors.Add(name, file.Read(name));
        }
        return tensors;
    }
}
