using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>The names of a masked language model head's parts in a family's checkpoints.</summary>
sealed record MaskedOutputNames(string Transform, string Norm, string Decoder, string Bias);

/// <summary>
/// The head of a masked language model: a dense layer with a norm, then a matrix from channels to tokens with a bias. Devlin et al.
/// 2019, https://arxiv.org/abs/1810.04805
/// </summary>
sealed class MaskedOutputHead : OutputHead
{
    readonly Parameter tokenEmbedding;
    readonly Activation activation;
    readonly Linear transform;
    readonly LayerNorm norm;
    readonly Linear? own;
    readonly Parameter? bias;

    /// <param name="backbone">The backbone that gives the hidden states.</param>
    /// <param name="tied">Whether the matrix is the token embedding.</param>
    /// <param name="names">The names of the parts in checkpoints.</param>
    /// <param name="activation">Applied after the dense layer.</param>
    /// <param name="normEpsilon">The ε of the norm.</param>
    public MaskedOutputHead(Backbone backbone, bool tied, MaskedOutputNames names, Activation activation, double normEpsilon)
    {
        (tokenEmbedding, this.activation) = (backbone.TokenEmbedding, activation);
        bias = tied ? Register(names.Bias, new Parameter([backbone.VocabularySize], 0)) : null;
        transform = Register(names.Transform, new Linear(backbone.Width, backbone.Width, hasBias: true, initialStd: 0.02));
        norm = Register(names.Norm, new LayerNorm(backbone.Width, normEpsilon));
        own = tied
            ? null
            : Register(names.Decoder, new Linear(backbone.Width, backbone.VocabularySize, hasBias: true, initialStd: 0.02));
    }

    public override Tensor Logits(Tensor hidden)
    {
        var transformed = norm.Forward(activation.Forward(transform.Forward(hidden)));
        return own?.Forward(transformed) ?? MultiplyBy(tokenEmbedding, transformed, bias);
    }
}
