using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Adapters;

/// <summary>
/// The low-rank change of one linear layer: y = x Wᵀ + b + s · dropout(x) Aᵀ Bᵀ. Hu et al. 2021, eq. 3,
/// https://arxiv.org/abs/2106.09685. With magnitudes m it is DoRA (Liu et al. 2024, eq. 5, https://arxiv.org/abs/2402.09353): the
/// weight is m (W + s B A) / ‖W + s B A‖, with one norm for each output. Gradients treat the norms as constants (section 4.3).
/// </summary>
sealed class LoraLayer
{
    readonly Linear layer;
    readonly double scale;

    /// <param name="layer">The adapted layer.</param>
    /// <param name="rank">r, the number of rows of A.</param>
    /// <param name="scale">s: α / r, or α / √r.</param>
    /// <param name="dropout">The probability that an element of A's input is dropped.</param>
    /// <param name="hasMagnitude">Whether the change is DoRA.</param>
    public LoraLayer(Linear layer, long rank, double scale, double dropout, bool hasMagnitude)
    {
        (this.layer, this.scale) = (layer, scale);
        A = new([rank, layer.Inputs], 0);
        B = new([layer.Outputs, rank], 0);
        Magnitude = hasMagnitude ? new([layer.Outputs], 0) : null;
        Dropout = new(dropout);
    }

    /// <summary>(r, in)</summary>
    public Parameter A { get; }

    /// <summary>(out, r)</summary>
    public Parameter B { get; }

    /// <summary>(out), for DoRA.</summary>
    public Parameter? Magnitude { get; }

    public Dropout Dropout { get; }

    public IEnumerable<Parameter> Parameters => new[] { A, B, Magnitude }.OfType<Parameter>();

    /// <summary>
    /// Initial weights that change nothing: A is uniform in ± 1/√in (He et al. 2015 with a = √5), B is 0, magnitudes are the norms of
    /// W.
    /// </summary>
    public void Initialize(RandomSource random)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var (device, bound) = (layer.Weight.Value.Device, 1 / Math.Sqrt(layer.Inputs));
        A.Value = Tensor.Empty(A.Shape.ToArray(), device: random.Device).UniformInPlace(-bound, bound, random).To(device);
        B.Value = Tensor.Zeros(B.Shape.ToArray(), device: device);
        if (Magnitude is null)
            return;
        using var gathered = layer.Weight.Gather();
        Magnitude.Value = Norms(Changed());
    }

    /// <summary>(…, in) → (…, out)</summary>
    public Tensor Forward(Tensor x)
    {
        var y = layer.ForwardWithoutAdapter(x);
        var dtype = layer.ComputeDType ?? A.Value.DType;
        var dropped = Dropout.Forward(x.To(dtype));
        var change = dropped.Linear(A.In(dtype)).Linear(B.In(dtype)) * scale;                           // (…, out)
        if (Magnitude is null)
            return y + change.To(y.DType);
        var factor = Magnitude.Value / ConstantNorms();                                             // (out)
        var product = dropped.Linear(layer.Oriented(layer.ComputedWeight).To(dtype));
        return y + ((factor - 1) * product + factor * change).To(y.DType);
    }

    /// <summary>The weight of a plain layer that computes the same, with the layer's memory order and element type.</summary>
    public Tensor Merged()
    {
        var changed = Changed();
        if (Magnitude is not null)
            changed *= (Magnitude.Value / Norms(changed)).Unsqueeze(1);
        return layer.Oriented(changed).To(layer.Weight.Value.DType).Contiguous();
    }

    /// <summary>W + s B A: (out, in).</summary>
    Tensor Changed() => Weight() + B.Value.MatMul(A.Value) * scale;

    Tensor Weight() => layer.Oriented(layer.Weight.Value).To(A.Value.DType);

    Tensor ConstantNorms()
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        return scope.MoveToOuterScope(Norms(Changed()));
    }

    static Tensor Norms(Tensor matrix) => matrix.Square().Sum(1).Sqrt();                            // (out)
}
