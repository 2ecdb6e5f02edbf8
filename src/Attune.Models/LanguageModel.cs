using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>A language model, causal or masked: a backbone, an output head, and perhaps a value head.</summary>
public sealed class LanguageModel : Module
{
    readonly OutputHead outputHead;

    internal LanguageModel(JsonObject config, string backboneName, Backbone backbone, OutputHead outputHead, bool hasValueHead)
    {
        Config = config;
        Backbone = Register(backboneName, backbone);
        this.outputHead = Register("", outputHead);
        if (hasValueHead)
            AddValueHead();
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    /// <summary>The generation_config.json of the checkpoint, if it had one; it is written again as it was.</summary>
    public JsonObject? GenerationConfig { get; set; }

    /// <summary>The tokens that end an answer, as generation_config.json names them, else config.json; chat models may have several.</summary>
    public IReadOnlyList<int> EosIds => (GenerationConfig?["eos_token_id"] ?? Config["eos_token_id"]) switch
    {
        JsonArray ids => [.. ids.OfType<JsonValue>().SelectMany(Token)],
        JsonValue id => [.. Token(id)],
        _ => [],
    };

    public Backbone Backbone { get; }

    /// <summary>Estimates the return at each token; PPO adds one, a checkpoint may bring one.</summary>
    public ValueHead? ValueHead { get; private set; }

    /// <summary>Whether the output matrix is the token table.</summary>
    internal bool IsTied => ModelFamily.IsTied(new(Config, "config.json"));

    public Device Device => Backbone.TokenEmbedding.Value.Device;

    /// <summary>(B, T) tokens → (B, T, D) hidden states.</summary>
    public Tensor HiddenStates(ModelInput input, KvCache? cache = null)
    {
        using var precision = Autocast.To(Backbone.Autocast, Device);
        return Backbone.Forward(input, cache);
    }

    /// <summary>(…, D) hidden states → (…, V) logits in float32: of the next token, or of the token itself when the model is a masked one.</summary>
    public Tensor Logits(Tensor hidden)
    {
        using var precision = Autocast.To(Backbone.Autocast, Device);
        return outputHead.Logits(hidden).To(DType.Float32);
    }

    IEnumerable<int> Token(JsonValue id) => id.TryGetValue(out int token) && token >= 0 && token < Backbone.VocabularySize ? [token] : [];

    /// <summary>Adds a value head without memory: initialise or load it.</summary>
    public ValueHead AddValueHead() => ValueHead ??= Register("v_head", new ValueHead(Backbone.Width));

    /// <summary>Takes the value head off, where values come from elsewhere.</summary>
    public void RemoveValueHead()
    {
        if (ValueHead is { } head)
            Unregister(head);
        ValueHead = null;
    }
}
