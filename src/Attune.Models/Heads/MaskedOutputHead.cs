using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>What checkpoints of a family call the parts of a masked language model's head.</summary>
sealed record MaskedOutputNames(string Transform, string Norm, string Decoder, string Bias);

/// <summary>
/// The head of a masked language model: a dense layer with a norm, then a matrix from channels to tokens with a bias of its own. Devlin
/// et al. 2019, https://arxiv.org/abs/1810.04805
/// </summary>
sealed class MaskedOutputHead : OutputHead
{
    readonly Parameter tokenTable;
    readonly Func<Tensor, Tensor> activation;
    readonly Linear transform;
    readonly LayerNorm norm;
    readonly Linear? own;
    readonly Parameter? bias;

    /// <param name="backbone">What the hidden states come from.</param>
    /// <param name="tied">Whether the matrix is the token table; a matrix of its own has its bias beside it.</param>
    /// <param name="names">What checkpoints call the parts.</param>
    /// <param name="activation">Behind the dense layer.</param>
    /// <param name="normEpsilon">Of the norm.</param>
    public MaskedOutputHead(Backbone backbone, bool tied, MaskedOutputNames names, Func<Tensor, Tensor> activation, double normEpsilon)
    {
        (tokenTable, this.activation) = (backbone.TokenEmbedding, activation);
        bias = tied ? Register(names.Bias, new Parameter([backbone.VocabularySize], 0)) : null;
        transform = Register(names.Transform, new Linear(backbone.Width, backbone.Width, hasBias: true, initialDeviation: 0.02));
        norm = Register(names.Norm, new LayerNorm(backbone.Width, normEpsilon));
        own = tied ? null : Register(names.Decoder, new Linear(backbone.Width, backbone.VocabularySize, hasBias: true, initialDeviation: 0.02));
    }

    public override Tensor Logits(Tensor hidden)
    {
        var transformed = norm.Forward(activation(transform.Forward(hidden)));
        return own?.Forward(transformed) ?? transformed.Linear(tokenTable.Value, bias!.Value);
    }
}
