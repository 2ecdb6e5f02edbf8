using Attune.Models.Adapters;
using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// A tensor that a model learns. It knows its shape from the start, and gets its memory when it is initialised or loaded, so that
/// a checkpoint can be compared with a model before anything is allocated.
/// </summary>
public sealed class Parameter(long[] shape, double initialDeviation, double initialMean = 0)
{
    Tensor? value;

    public ReadOnlySpan<long> Shape => shape;

    public long ElementCount { get; } = shape.Aggregate(1L, (product, length) => product * length);

    /// <summary>What an adapter learns in the place of this parameter, unless <see cref="Lora.Disable"/> says otherwise.</summary>
    internal Parameter? Override { get; set; }

    /// <summary>The tensor; reading it before it was initialised or loaded is an error.</summary>
    public Tensor Value
    {
        get => Current.value ?? throw new InvalidOperationException($"a parameter of shape [{string.Join(", ", shape)}] was used before it was initialised or loaded");
        set
        {
            if (!value.Shape.SequenceEqual(shape))
                throw new ArgumentException($"a parameter of shape [{string.Join(", ", shape)}] was given {value}");
            Current.value = value.DetachFromScope();
        }
    }

    /// <summary>Another parameter of this shape, without memory yet.</summary>
    internal Parameter EmptyLike() => new(shape, initialDeviation, initialMean);

    Parameter Current => Override is not null && !Lora.IsDisabled ? Override : this;

    /// <summary>The type that a checkpoint had it in, and that it is written in again.</summary>
    public DType StoredDType { get; set; } = DType.Float32;

    /// <summary>Whether a token table is the output matrix too, which has a gradient of the whole of it.</summary>
    internal bool IsShared { get; set; }

    /// <summary>Whether training changes it. Setting it also clears the gradient.</summary>
    public bool Trainable
    {
        get => Value.RequiresGrad;
        set
        {
            Value.RequiresGrad = value;
            Value.Grad = null;
        }
    }

    /// <summary>Whether no element is infinite or not a number.</summary>
    public bool IsFinite
    {
        get
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            return Extremes(Value.Detach().Reshape(-1)).All(double.IsFinite);
        }
    }

    /// <summary>Draws the initial elements from N(mean, deviation²); a deviation of 0 gives the mean itself.</summary>
    public void Initialize(RandomSource random)
    {
        using var scope = TensorScope.Open();
        var fresh = Tensor.Full(shape, initialMean, device: random.Device);
        Value = initialDeviation > 0 ? fresh.NormalInPlace(initialMean, initialDeviation, random) : fresh;
    }

    /// <summary>Moves or converts the tensor; the old one is freed.</summary>
    public void MoveTo(Device device, DType? dtype)
    {
        var before = Value;
        if (before.DType == (dtype ?? before.DType) && before.Device == device)
            return;
        using var scope = TensorScope.Open();
        var after = before.Detach().To(dtype ?? before.DType).To(device);
        after.RequiresGrad = before.RequiresGrad;
        Value = after;
        before.Dispose();
    }

    /// <summary>The least and the greatest element, found without another tensor of the same size.</summary>
    static double[] Extremes(Tensor flat) => flat.ElementCount == 0 ? [] : [flat.Min(0).Item(), flat.Max(0).Item()];
}
