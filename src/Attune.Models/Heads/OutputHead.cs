using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>Turns hidden states into logits over the vocabulary. Its parameters have the names that stand in a checkpoint.</summary>
public abstract class OutputHead : Module
{
    /// <summary>(…, D) → (…, V)</summary>
    public abstract Tensor Logits(Tensor hidden);
}

/// <summary>A matrix from channels to tokens: its own, or the token table of the backbone.</summary>
public sealed class LinearOutputHead : OutputHead
{
    readonly Parameter tokenTable;
    readonly Linear? own;

    /// <param name="backbone">What the hidden states come from.</param>
    /// <param name="tied">Whether the matrix is the token table.</param>
    /// <param name="name">What checkpoints call a matrix of its own.</param>
    public LinearOutputHead(Backbone backbone, bool tied, string name = "lm_head")
    {
        tokenTable = backbone.TokenEmbedding;
        tokenTable.IsShared |= tied;
        own = tied ? null : Register(name, new Linear(backbone.Width, backbone.VocabularySize, hasBias: false, initialDeviation: 0.02));
    }

    /// <summary>What hidden states are multiplied by.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Logits stay within ± this by c tanh(x / c); 0 for no limit. Gemma 2, section 2, https://arxiv.org/abs/2408.00118</summary>
    public double SoftCap { get; init; }

    public override Tensor Logits(Tensor hidden)
    {
        var scaled = Scale == 1 ? hidden : hidden * Scale;
        var logits = own?.Forward(scaled) ?? scaled.Linear(tokenTable.Value);
        return SoftCap == 0 ? logits : (logits / SoftCap).Tanh() * SoftCap;
    }
}
