namespace Attune.Torch.Interop;

/// <summary>One argument of an operator. Every type that an ATen schema can have converts to it. The default value is None.</summary>
readonly struct Argument
{
    Argument(ValueTag tag, long bits = 0, object? payload = null, int length = 0) =>
        (Tag, Bits, Payload, Length) = (tag, bits, payload, length);

    public ValueTag Tag { get; }

    public int Length { get; }

    public long Bits { get; }

    public object? Payload { get; }

    public static Argument None => default;

    public static implicit operator Argument(Tensor? value) =>
        value is null ? default : new(ValueTag.Tensor, payload: value);

    public static implicit operator Argument(int value) => new(ValueTag.Int, value);

    public static implicit operator Argument(long value) => new(ValueTag.Int, value);

    public static implicit operator Argument(double value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Argument(bool value) => new(ValueTag.Bool, value ? 1 : 0);

    public static implicit operator Argument(string value) => new(ValueTag.String, payload: value);

    public static implicit operator Argument(long[] value) => new(ValueTag.IntList, payload: value, length: value.Length);

    public static implicit operator Argument(Tensor[] value) => new(ValueTag.TensorList, payload: value, length: value.Length);

    public static implicit operator Argument(DType value) => new(ValueTag.Int, (long)value);

    public static implicit operator Argument(Device value) => new(ValueTag.Device, (long)value.Type, length: value.Index);

    public static implicit operator Argument(RandomSource? value) =>
        value is null ? default : new(ValueTag.Generator, payload: value);

    /// <summary>
    /// A number for an argument of type Scalar. A whole number is passed as an integer, so that integer tensors keep their type.
    /// </summary>
    public static Argument Scalar(double value) =>
        value == Math.Floor(value) && Math.Abs(value) < 1L << 53 ? new Argument(ValueTag.Int, (long)value) : value;

    /// <inheritdoc cref="Scalar(double)"/>
    public static Argument Scalar(double? value) => value is { } number ? Scalar(number) : default;

    /// <summary>A list whose elements may be null, as advanced indexing needs.</summary>
    public static Argument OptionalTensors(params Tensor?[] value) =>
        new(ValueTag.OptionalTensorList, payload: value, length: value.Length);

    /// <summary>The argument as error messages show it: tensors by type and shape, other arguments by value.</summary>
    public override string ToString() => Tag switch
    {
        ValueTag.None => "none",
        ValueTag.Double => $"{BitConverter.Int64BitsToDouble(Bits)}",
        ValueTag.Bool => Bits != 0 ? "true" : "false",
        ValueTag.Int => $"{Bits}",
        ValueTag.IntList => $"[{string.Join(", ", (long[])Payload!)}]",
        ValueTag.TensorList => $"[{string.Join(", ", (object[])Payload!)}]",
        ValueTag.OptionalTensorList => $"[{string.Join(", ", ((object?[])Payload!).Select(t => t ?? "none"))}]",
        ValueTag.Device => new Device((DeviceType)Bits, Length).ToString(),
        _ => Payload?.ToString() ?? "",
    };
}
