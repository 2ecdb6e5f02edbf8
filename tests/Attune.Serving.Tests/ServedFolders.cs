using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Serving.Tests;

/// <summary>A tiny language model with a chat template, a reward model, an encoder and an adapter, in a temporary folder.</summary>
public sealed class ServedFolders : IDisposable
{
    /// <summary>Lines of roles and texts, and calls of tools between tags.</summary>
    public const string Template =
        "{% for tool in tools or [] %}{{ tool.function.name }};{% endfor %}{% for m in messages %}{{ m.role[0] }}:{{ m.content }}"
        + "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function.name }}</tool_call>{% endfor %}\n{% endfor %}"
        + "{{ 'a:' if add_generation_prompt }}";

    readonly TemporaryFolder folder = new();

    public ServedFolders()
    {
        (Language, Reward, Encoder, Adapter) = (folder.File("lm"), folder.File("rm"), folder.File("encoder"), folder.File("adapter"));
        using var random = new RandomSource(1);
        var tokenizer = TinyData.Tokenizer.WithChatTemplate(Template);
        var model = Pretrained.NewLanguageModel(Config("gpt2", tokenizer), random);
        ModelFolder.Save(Language, model, tokenizer);
        ModelFolder.Save(Reward, Pretrained.NewRewardModel(Config("gpt2", tokenizer), random), tokenizer);
        ModelFolder.Save(Encoder, Pretrained.NewLanguageModel(Config("bert", TinyData.WordPieces), random), TinyData.WordPieces);
        SaveAdapter(Adapter, model, random);
        SaveAdapter(OtherAdapter, model, random);
        var other = Pretrained.NewLanguageModel(Config("gpt2", tokenizer), random);
        other.AddValueHead().Initialize(random);
        ModelFolder.Save(OtherLanguage, other, tokenizer);
    }

    public string Language { get; }

    /// <summary>A model of the same shape with other weights, and a value head.</summary>
    public string OtherLanguage => folder.File("other-lm");

    public string OtherAdapter => folder.File("other-adapter");

    public string Reward { get; }

    public string Encoder { get; }

    public string Adapter { get; }

    public string Write(string name, string content) => folder.Write(name, content);

    public void Dispose() => folder.Dispose();

    /// <summary>An adapter that changes every layer much.</summary>
    void SaveAdapter(string adapter, Models.LanguageModel model, RandomSource random)
    {
        using var lora = Models.Adapters.Lora.Create(model, new Models.Adapters.LoraOptions { Rank = 2 }.ToConfig(), random);
        foreach (var (_, parameter) in lora.NamedParameters())
            parameter.Value.NormalInPlace(0, 1, random);
        Peft.Save(adapter, lora, Language);
    }

    static JsonObject Config(string family, Tokenizer tokenizer) =>
        new ModelShape { Family = family, Layers = 1, Width = 32, Heads = 2, Context = 192 }.ToConfig(
            tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
}
