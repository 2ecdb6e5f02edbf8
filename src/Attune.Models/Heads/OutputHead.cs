using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>Turns hidden states into logits over the vocabulary. Its parameters have the names of checkpoints.</summary>
public abstract class OutputHead : Module
{
    /// <summary>The type of <see cref="ComputeIn"/>; null for the type of the parameters.</summary>
    private protected DType? ComputeDType { get; private set; }

    /// <summary>(…, D) → (…, V)</summary>
    public abstract Tensor Logits(Tensor hidden);

    public override void ComputeIn(DType dtype)
    {
        ComputeDType = dtype;
        base.ComputeIn(dtype);
    }

    /// <summary>Multiplies by the token embedding, as a tied head does.</summary>
    private protected Tensor MultiplyBy(Parameter tokenEmbedding, Tensor hidden, Parameter? bias = null)
    {
        var weight = tokenEmbedding.In(ComputeDType);
        return hidden.To(weight.DType).Linear(weight, bias?.In(ComputeDType));
    }
}

/// <summary>A matrix from channels to tokens: its own, or the token embedding of the backbone.</summary>
public sealed class LinearOutputHead : OutputHead
{
    readonly Parameter tokenEmbedding;
    readonly Linear? own;

    /// <param name="backbone">The backbone that gives the hidden states.</param>
    /// <param name="tied">Whether the matrix is the token embedding.</param>
    /// <param name="name">The name of an untied matrix in checkpoints.</param>
    public LinearOutputHead(Backbone backbone, bool tied, string name = "lm_head")
    {
        tokenEmbedding = backbone.TokenEmbedding;
        own = tied ? null : Register(name, new Linear(backbone.Width, backbone.VocabularySize, hasBias: false, initialStd: 0.02));
    }

    /// <summary>The factor of hidden states.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Limits logits to ± this by c tanh(x / c); 0 for no limit. Gemma 2, section 2, https://arxiv.org/abs/2408.00118</summary>
    public double SoftCap { get; init; }

    public override Tensor Logits(Tensor hidden)
    {
        var scaled = Scale == 1 ? hidden : hidden * Scale;
        var logits = own?.Forward(scaled) ?? MultiplyBy(tokenEmbedding, scaled);
        return SoftCap == 0 ? logits : (logits / SoftCap).Tanh() * SoftCap;
    }
}
