using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>A table with one row for each token or position: (…) int64 → (…, D).</summary>
public sealed class Embedding : Module
{
    readonly Parameter weight;

    public Embedding(long rows, long width, double initialStd) =>
        weight = Register("weight", new Parameter([rows, width], initialStd));

    public Parameter Weight => weight;

    public Tensor Forward(Tensor indices) => Tensor.Embedding(weight.Value, indices);
}
