using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    /// <summary>A tensor with uninitialised elements.</summary>
    public static Tensor Empty(long[] shape, DType dtype = DType.Float32, Device device = default) =>
        Aten.Empty.Call(shape, dtype, Argument.None, device);

    public static Tensor Zeros(long[] shape, DType dtype = DType.Float32, Device device = default) =>
        Aten.Zeros.Call(shape, dtype, Argument.None, device);

    public static Tensor Ones(long[] shape, DType dtype = DType.Float32, Device device = default) =>
        Full(shape, 1, dtype, device);

    public static Tensor Full(long[] shape, double value, DType dtype = DType.Float32, Device device = default) =>
        Aten.Full.Call(shape, value, dtype, Argument.None, device);

    /// <summary>The integers start, start + 1 … end − 1.</summary>
    public static Tensor Arange(long start, long end, DType dtype = DType.Int64, Device device = default) =>
        Aten.Arange.Call(start, end, 1, dtype, Argument.None, device);

    /// <summary>Samples of N(mean, std²).</summary>
    public static Tensor Normal(long[] shape, double mean, double std, RandomSource random, DType dtype = DType.Float32) =>
        Empty(shape, dtype, random.Device).NormalInPlace(mean, std, random);

    /// <summary>Samples of the uniform distribution on [0, 1).</summary>
    public static Tensor Uniform(long[] shape, RandomSource random, DType dtype = DType.Float32) =>
        Empty(shape, dtype, random.Device).UniformInPlace(0, 1, random);

    /// <summary>A scalar: a tensor without dimensions.</summary>
    public static Tensor Scalar(double value, DType dtype = DType.Float32, Device device = default) =>
        Full([], value, dtype, device);

    /// <summary>Copies <paramref name="data"/>, row-major, into a CPU tensor of the given shape.</summary>
    /// <exception cref="ArgumentException">The shape has a different number of elements.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> data, params long[] shape) where T : unmanaged
    {
        var tensor = Empty(shape, DTypes.FromClrType<T>());
        data.CopyTo(tensor.Bytes<T>(data.Length));
        return tensor;
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, long[])"/>
    public static Tensor From<T>(T[] data, params long[] shape) where T : unmanaged => From<T>(data.AsSpan(), shape);

    /// <summary>Zeros of the same shape, type and device.</summary>
    public Tensor ZerosLike() => Aten.ZerosLike.Call(this);

    public Tensor NormalInPlace(double mean, double std, RandomSource random) =>
        Aten.NormalInPlace.CallInPlace(this, mean, std, random);

    public Tensor UniformInPlace(double low, double high, RandomSource random) =>
        Aten.UniformInPlace.CallInPlace(this, low, high, random);

    /// <summary>Each element is 1 with this probability, else 0.</summary>
    public Tensor BernoulliInPlace(double probability, RandomSource random) =>
        Aten.BernoulliInPlace.CallInPlace(this, probability, random);

    /// <summary>Copies the elements, row-major, to managed memory. Waits for the device.</summary>
    /// <exception cref="ArgumentException">The element type is not <typeparamref name="T"/>.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        Interlocked.Increment(ref hostReads);
        using var scope = TensorScope.Open();
        var host = Detach().To(Device.Cpu).Contiguous();
        return host.Bytes<T>(host.ElementCount).ToArray();
    }

    /// <summary>The value of a tensor with one element, of any type.</summary>
    public double Item()
    {
        using var scope = TensorScope.Open();
        return To(DType.Float64).ToArray<double>() is [var only]
            ? only
            : throw new InvalidOperationException($"the tensor must have one element (was {this})");
    }

    /// <summary>The bytes of a contiguous CPU tensor, row-major; valid until the tensor is freed.</summary>
    public unsafe Span<byte> RawBytes()
    {
        Native.Check(Native.attune_tensor_data(Handle, out var data));
        return new(data, checked((int)(ElementCount * DType.Size())));
    }

    unsafe Span<T> Bytes<T>(long expected) where T : unmanaged
    {
        if (DType != DTypes.FromClrType<T>() || ElementCount != expected)
            throw new ArgumentException($"{this} does not have {expected} elements of {typeof(T).Name}");
        Native.Check(Native.attune_tensor_data(Handle, out var data));
        return new(data, checked((int)expected));
    }
}
