using Attune.Models.Adapters;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Models.Layers;

/// <summary>
/// A trainable tensor. Its shape is known from the start; its memory is allocated when it is initialised or loaded, so that a
/// checkpoint can be compared with a model first.
/// </summary>
public sealed class Parameter(long[] shape, double initialStd, double initialMean = 0) : IShard
{
    Tensor? value;
    (WeightSharding Sharding, ShardRange Range, int Owner)? shard;

    public ReadOnlySpan<long> Shape => shape;

    public long ElementCount { get; } = shape.Aggregate(1L, (product, length) => product * length);

    /// <summary>The parameter that an adapter trains in place of this one, used unless <see cref="Lora.Disable"/> is in effect.</summary>
    internal Parameter? Override { get; set; }

    /// <summary>The tensor. Reading it before it is initialised or loaded is an error.</summary>
    public Tensor Value
    {
        get => Current.value ?? throw new InvalidOperationException(
            $"a parameter of shape [{string.Join(", ", shape)}] was used before it was initialised or loaded");
        set
        {
            if (!value.Shape.SequenceEqual(shape))
                throw new ArgumentException($"the value of a parameter must have its shape [{string.Join(", ", shape)}] (was {value})");
            Current.value = value.DetachFromScope();
            if (!IsHeld)
                value.FreeStorage();
        }
    }

    /// <summary>The rank that holds the tensor; null where every rank does.</summary>
    public int? Owner => Current.shard?.Owner;

    /// <summary>Whether the tensor has memory on this rank without <see cref="Gather"/>.</summary>
    public bool IsHeld => Current.shard is not { } own || own.Owner == own.Sharding.Rank;

    Tensor IShard.Tensor => value!;

    int IShard.Owner => shard!.Value.Owner;

    /// <summary>Gathers the tensor from the rank that holds it, until the result is disposed.</summary>
    public GatheredWeights Gather() => Current.shard is { } own ? own.Sharding.Gather(own.Range) : default;

    /// <summary>Lets one rank hold the tensor, which has no memory yet.</summary>
    internal void Shard(WeightSharding sharding, ShardRange range, int owner) => shard = (sharding, range, owner);

    /// <summary>The tensor in a type; null for its own. It is converted only when the tensor has changed.</summary>
    internal Tensor In(DType? dtype) => dtype is { } narrow ? Value.Converted(narrow) : Value;

    /// <summary>A new parameter of this shape, without memory.</summary>
    internal Parameter EmptyLike() => new(shape, initialStd, initialMean);

    Parameter Current => Override is not null && !Lora.IsDisabled ? Override : this;

    /// <summary>The element type in the checkpoint, in which it is saved.</summary>
    public DType StoredDType { get; set; } = DType.Float32;

    /// <summary>Whether training changes the parameter. Setting it clears the gradient.</summary>
    public bool Trainable
    {
        get => Value.RequiresGrad;
        set
        {
            Value.RequiresGrad = value;
            Value.Grad = null;
        }
    }

    /// <summary>Whether all elements are finite.</summary>
    public bool IsFinite
    {
        get
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            using var gathered = Gather();
            return Extremes(Value.Detach().Reshape(-1)).All(double.IsFinite);
        }
    }

    /// <summary>Draws the initial elements from N(mean, std²); a standard deviation of 0 gives the mean.</summary>
    public void Initialize(RandomSource random)
    {
        using var scope = TensorScope.Open();
        var fresh = Tensor.Full(shape, initialMean, device: random.Device);
        Value = initialStd > 0 ? fresh.NormalInPlace(initialMean, initialStd, random) : fresh;
    }

    /// <summary>Moves or converts the tensor and frees the old one.</summary>
    public void MoveTo(Device device, DType? dtype)
    {
        var before = Value;
        if (before.DType == (dtype ?? before.DType) && before.Device == device)
            return;
        using var scope = TensorScope.Open();
        var after = IsHeld
            ? before.Detach().To(dtype ?? before.DType).To(device)
            : Tensor.Empty(shape, dtype ?? before.DType, device);
        after.RequiresGrad = before.RequiresGrad;
        Value = after;
        before.Dispose();
    }

    /// <summary>The smallest and the largest element, without allocating a tensor of the same size.</summary>
    static double[] Extremes(Tensor flat) => flat.ElementCount == 0 ? [] : [flat.Min(0).Item(), flat.Max(0).Item()];
}
