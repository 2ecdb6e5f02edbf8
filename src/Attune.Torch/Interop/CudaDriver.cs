using System.Runtime.InteropServices;

namespace Attune.Torch.Interop;

/// <summary>
/// The driver of NVIDIA's GPUs, asked for what libtorch's library for CPUs does not tell. Its functions return 0 on success.
/// </summary>
static partial class CudaDriver
{
    const string Library = "libcuda.so.1";
    const int ComputeCapabilityMajor = 75;                       // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    const int FirstWithBFloat16 = 8;                             // Ampere

    /// <summary>Whether a GPU has instructions for matrix products in bfloat16; false where the driver is of another vendor.</summary>
    public static bool MultipliesBFloat16(int index)
    {
        try
        {
            return cuInit(0) == 0 && cuDeviceGet(out var device, index) == 0
                && cuDeviceGetAttribute(out var major, ComputeCapabilityMajor, device) == 0 && major >= FirstWithBFloat16;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport(Library)] private static partial int cuInit(uint flags);
    [LibraryImport(Library)] private static partial int cuDeviceGet(out int device, int index);
    [LibraryImport(Library)] private static partial int cuDeviceGetAttribute(out int value, int attribute, int device);
}
