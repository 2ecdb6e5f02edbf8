using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>x / RMS(x) · g over the last dimension, in float32. Zhang and Sennrich 2019, eq. 4. https://arxiv.org/abs/1910.07467</summary>
public sealed class RmsNorm : Module
{
    readonly double epsilon;
    readonly Parameter weight;

    public RmsNorm(long width, double epsilon)
    {
        this.epsilon = epsilon;
        weight = Register("weight", new Parameter([width], 0, initialMean: 1));
    }

    public Tensor Forward(Tensor x)
    {
        var wide = x.To(DType.Float32);
        var scale = (wide.Square().Mean(-1, keep: true) + epsilon).ReciprocalSqrt();    // (…, 1)
        return weight.Value * (wide * scale).To(x.DType);
    }
}
