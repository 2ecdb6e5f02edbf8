using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>A config.json is untrusted: a randomly damaged one matches its checkpoint or is refused, with little time and memory.</summary>
public sealed class ConfigFuzzTests : IDisposable
{
    const int Files = 500;            // of each model
    const long Most = 64 << 20;       // bytes that building a tiny model may allocate

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string> Models =>
        [.. Golden.Names("models", name => File.Exists(Golden.PathTo("models", name, "config.json")))];

    [Theory]
    [MemberData(nameof(Models))]
    public void ADamagedConfigFitsItsCheckpointOrIsRefused(string name)
    {
        GoldenModels.Copy(name, "config.json", folder);
        var json = new JsonMutator(File.ReadAllText(folder.File("config.json")));
        var isReward = name.EndsWith("-reward", StringComparison.Ordinal);
        var random = new Random(11);
        var (read, refused) = (0, 0);
        foreach (var _ in Enumerable.Range(0, Files))
        {
            var config = json.Mutate(random);
            File.WriteAllBytes(folder.File("config.json"), config);
            if (Holds(isReward, Encoding.UTF8.GetString(config)))
                read++;
            else
                refused++;
        }
        Assert.InRange(read, Files / 50, Files);
        Assert.InRange(refused, Files / 4, Files);
    }

    /// <summary>Returns whether the model was loaded or refused; throws for any other error.</summary>
    bool Holds(bool isReward, string config)
    {
        using var inner = TensorScope.Open();
        var (watch, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
        var read = false;
        try
        {
            Module model = isReward ? Pretrained.LoadRewardModel(folder.Path) : Pretrained.LoadLanguageModel(folder.Path);
            read = true;
            foreach (var parameter in model.Parameters)
                parameter.Value.Dispose();
        }
        catch (InvalidDataException)
        {
        }
        catch (Exception e)
        {
            Assert.Fail($"{e.GetType().Name} ({e.Message}) for {config}\n{e.StackTrace}");
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < Most, $"{allocated} bytes were allocated for {config}");
        Assert.True(watch.Elapsed < Patience, $"took {watch.Elapsed} for {config}");
        return read;
    }

    [Theory]
    [InlineData("gpt2", "n_layer", "1000000000", "'n_layer' must be at most 1000")]
    [InlineData("llama", "num_hidden_layers", "1000000000", "at most 1000")]
    [InlineData("llama", "hidden_size", "1e12", "but config.json requires")]
    [InlineData("llama", "hidden_size", "1e400", "hidden_size")]
    [InlineData("llama", "vocab_size", "900000000000", "but config.json requires [900000000000,")]
    [InlineData("llama", "vocab_size", "-1", "vocab_size")]
    [InlineData("llama", "vocab_size", "\"NaN\"", "vocab_size")]
    [InlineData("gpt_neox", "hidden_size", "4000000000", "heads must have at most 65536 channels")]
    [InlineData("t5", "d_ff", "1000000000", "but config.json requires")]
    [InlineData("bert", "max_position_embeddings", "1000000000", "but config.json requires")]
    [InlineData("llama", "rms_norm_eps", "-1", "'rms_norm_eps' must be above 0 (was -1)")]
    [InlineData("gpt2", "layer_norm_epsilon", "0", "'layer_norm_epsilon' must be above 0 (was 0)")]
    [InlineData("gpt_neox", "layer_norm_eps", "-1", "'layer_norm_eps' must be above 0")]
    [InlineData("t5", "layer_norm_epsilon", "-1", "'layer_norm_epsilon' must be above 0")]
    [InlineData("bert", "layer_norm_eps", "-1", "'layer_norm_eps' must be above 0")]
    [InlineData("roberta", "layer_norm_eps", "-1", "'layer_norm_eps' must be above 0")]
    [InlineData("llama", "rope_parameters", "{\"rope_theta\":0}", "'rope_theta' must be above 0 (was 0)")]
    [InlineData("mistral", "rope_parameters", "{\"rope_theta\":-1}", "'rope_theta' must be above 0 (was -1)")]
    [InlineData("gemma3", "rope_local_base_freq", "0", "'rope_local_base_freq' must be above 0")]
    [InlineData("qwen2", "rope_parameters", "{\"rope_type\":\"linear\",\"factor\":0}", "'factor' must be above 0 (was 0)")]
    [InlineData("qwen3", "rope_parameters", "{\"rope_type\":\"yarn\",\"factor\":-2}", "'factor' must be above 0")]
    [InlineData("llama", "rope_parameters", "{\"rope_type\":\"linear\",\"factor\":1e-300}", "frequencies that are not finite")]
    [InlineData("gemma2", "query_pre_attn_scalar", "0", "'query_pre_attn_scalar' must be above 0")]
    [InlineData("gemma2", "attn_logit_softcapping", "-1", "'attn_logit_softcapping' must be at least 0")]
    [InlineData("phi3", "resid_pdrop", "1", "'resid_pdrop' must be at least 0 and below 1 (was 1)")]
    [InlineData("distilbert", "dropout", "-0.1", "'dropout' must be at least 0 and below 1")]
    [InlineData("gpt2", "x", "1,\"n_layer\":2", "n_layer")]
    [InlineData("gpt2", "x", "\"\\ud800\"", "surrogate")]
    public void AbsurdSizesAreRefusedBeforeMemoryIsTaken(string name, string key, string value, string expected)
    {
        GoldenModels.Copy(name, "config.json", folder);
        var config = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
        config[key] = "@";
        folder.Write("config.json", config.ToJsonString().Replace("\"@\"", value, StringComparison.Ordinal));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 22);
    }
}
