namespace Attune.Torch;

/// <summary>Element types, numbered as c10::ScalarType.</summary>
public enum DType
{
    UInt8 = 0,
    Int8 = 1,
    Int16 = 2,
    Int32 = 3,
    Int64 = 4,
    Float16 = 5,
    Float32 = 6,
    Float64 = 7,
    Bool = 11,
    BFloat16 = 15,
}

/// <summary>Sizes and names of element types.</summary>
public static class DTypes
{
    /// <summary>The text for the type that the device multiplies fastest.</summary>
    public const string Auto = "auto";

    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.UInt8 or DType.Int8 or DType.Bool => 1,
        DType.Int16 or DType.Float16 or DType.BFloat16 => 2,
        DType.Int32 or DType.Float32 => 4,
        DType.Int64 or DType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "the size of this element type is not known"),
    };

    /// <summary>Parses a type that models compute in: <c>float32</c>, <c>bfloat16</c> or <c>float16</c>.</summary>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static DType Parse(string text) => text switch
    {
        "float32" => DType.Float32,
        "bfloat16" => DType.BFloat16,
        "float16" => DType.Float16,
        _ => throw new FormatException($"a dtype must be auto, float32, bfloat16 or float16 (was '{text}')"),
    };

    /// <summary>The same, and <c>auto</c> for <see cref="Device.FastestDType"/>.</summary>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static DType Parse(string text, Device device) => text == Auto ? device.FastestDType : Parse(text);

    /// <summary>The name that <see cref="Parse(string)"/> reads.</summary>
    public static string Name(this DType dtype) => dtype.ToString().ToLowerInvariant();

    public static bool IsFloatingPoint(this DType dtype) =>
        dtype is DType.Float16 or DType.BFloat16 or DType.Float32 or DType.Float64;

    /// <summary>The element type of a tensor made from a managed array of <typeparamref name="T"/>.</summary>
    public static DType FromClrType<T>() where T : unmanaged => default(T) switch
    {
        float => DType.Float32,
        double => DType.Float64,
        long => DType.Int64,
        int => DType.Int32,
        short => DType.Int16,
        sbyte => DType.Int8,
        byte => DType.UInt8,
        bool => DType.Bool,
        Half => DType.Float16,
        _ => throw new NotSupportedException($"tensors cannot hold elements of type {typeof(T).Name}"),
    };
}
