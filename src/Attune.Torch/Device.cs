using Attune.Torch.Distributed;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>Kinds of devices, numbered as c10::DeviceType.</summary>
public enum DeviceType
{
    Cpu = 0,
    Cuda = 1,
}

/// <summary>Where a tensor lives: <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
public readonly record struct Device(DeviceType Type, int Index = 0)
{
    public static Device Cpu => new(DeviceType.Cpu);

    public static Device Cuda(int index = 0) => new(DeviceType.Cuda, index);

    public static int CudaCount
    {
        get
        {
            Native.Check(Native.attune_cuda_devices(out var count));
            return count;
        }
    }

    /// <summary>CUDA if this machine has it, else the CPU.</summary>
    public static Device Best => CudaCount > 0 ? Cuda(Ranks.Current.LocalRank % CudaCount) : Cpu;

    /// <summary>
    /// Parses <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c> or <c>auto</c> (<see cref="Best"/>). Without a number, each rank of a machine gets
    /// another GPU.
    /// </summary>
    /// <exception cref="FormatException">The text is none of these, or this machine does not have the device.</exception>
    public static Device Parse(string text)
    {
        var parts = text.Split(':');
        var index = 0;
        if (parts.Length > 2 || (parts.Length == 2 && (parts[0] != "cuda" || !int.TryParse(parts[1], out index))))
            throw new FormatException($"a device must be auto, cpu, cuda or cuda:N (was '{text}')");
        return parts[0] switch
        {
            "auto" => Best,
            "cpu" => Cpu,
            "cuda" when parts.Length == 1 && CudaCount > 0 => Best,
            "cuda" when index >= 0 && index < CudaCount => Cuda(index),
            "cuda" => throw new FormatException(
                $"the device '{text}' does not exist: this machine has {CudaCount} CUDA devices; use cpu or auto"),
            _ => throw new FormatException($"a device must be auto, cpu, cuda or cuda:N (was '{text}')"),
        };
    }

    /// <summary>
    /// Whether the device has instructions for matrix products in bfloat16: a CPU with AVX512-BF16 or ARM's bf16, a GPU of compute
    /// capability 8.0 or above. A CPU without them converts to float32 and rounds, so its products are slower than in float32.
    /// </summary>
    public bool MultipliesBFloat16 =>
        Type == DeviceType.Cpu ? Native.attune_multiplies_bfloat16() != 0 : CudaDriver.MultipliesBFloat16(Index);

    /// <summary>The type to train in: bfloat16 where the device has instructions for it, else float32.</summary>
    public DType FastestDType => MultipliesBFloat16 ? DType.BFloat16 : DType.Float32;

    /// <summary>Waits until the device has finished all queued work. Returns at once on the CPU.</summary>
    public void Synchronize()
    {
        if (Type == DeviceType.Cuda)
            Native.Check(Native.attune_cuda_synchronize(Index));
    }

    public override string ToString() => Type == DeviceType.Cpu ? "cpu" : $"cuda:{Index}";
}
