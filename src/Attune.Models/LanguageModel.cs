using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>A causal language model: a backbone, an output head (tied to the token table, or its own), and perhaps a value head.</summary>
public sealed class LanguageModel : Module
{
    readonly Linear? outputHead;

    internal LanguageModel(JsonObject config, string backboneName, Backbone backbone, bool tied, bool hasValueHead)
    {
        Config = config;
        Backbone = Register(backboneName, backbone);
        if (!tied)
            outputHead = Register("lm_head", new Linear(backbone.Width, backbone.VocabularySize, hasBias: false, initialDeviation: 0.02));
        if (hasValueHead)
            AddValueHead();
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    public Backbone Backbone { get; }

    /// <summary>Estimates the return at each token; PPO adds one, a checkpoint may bring one.</summary>
    public ValueHead? ValueHead { get; private set; }

    public Device Device => Backbone.TokenTable.Value.Device;

    /// <summary>(B, T) tokens → (B, T, D) hidden states.</summary>
    public Tensor Hidden(ModelInput input, KvCache? cache = null) => Backbone.Forward(input, cache);

    /// <summary>(…, D) hidden states → (…, V) logits of the next token.</summary>
    public Tensor Logits(Tensor hidden) => outputHead?.Forward(hidden) ?? hidden.Linear(Backbone.TokenTable.Value);

    /// <summary>Adds a value head without memory: initialise or load it.</summary>
    public ValueHead AddValueHead() => ValueHead ??= Register("v_head", new ValueHead(Backbone.Width));
}
