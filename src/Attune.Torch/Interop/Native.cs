using System.Runtime.InteropServices;

namespace Attune.Torch.Interop;

/// <summary>
/// The exports of native/; export.h has the contract. Every int that is returned is a status: 0, or 1 when an error was stored.
/// </summary>
static unsafe partial class Native
{
    const string Library = "attune_torch";

    static Native()
    {
        // OpenMP threads that wait by spinning slow the work down several times when another process needs a core.
        _ = setenv("OMP_WAIT_POLICY", "passive", overwrite: 0);
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, (name, _, _) => name == Library ? NativeFile.Load() : 0);
        Check(attune_set_up_memory());
        Check(attune_set_threads(Environment.ProcessorCount));
    }

    /// <summary>Throws the error that libtorch reported when <paramref name="status"/> is not 0.</summary>
    public static void Check(int status)
    {
        if (status != 0)
            throw new TorchException(LastError());
    }

    public static string LastError() => Marshal.PtrToStringUTF8((nint)attune_last_error()) ?? "";

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport(Library)] private static partial byte* attune_last_error();
    [LibraryImport(Library)] public static partial int attune_set_up_memory();
    [LibraryImport(Library)] public static partial long attune_live_bytes();
    [LibraryImport(Library)] public static partial long attune_peak_bytes();
    [LibraryImport(Library)] public static partial void attune_reset_peak_bytes();

    [LibraryImport(Library)] public static partial int attune_find_operator(byte* name, byte* overload, out nint handle);
    [LibraryImport(Library)]
    public static partial int attune_call_operator(
        nint handle, NativeValue* arguments, int count, NativeValue* results, int capacity, out int found);
    [LibraryImport(Library)] public static partial void attune_free(void* memory);

    [LibraryImport(Library)] public static partial void attune_tensor_free(nint tensor);
    [LibraryImport(Library)] public static partial int attune_tensor_info(nint tensor, out NativeTensorInfo info);
    [LibraryImport(Library)] public static partial int attune_tensor_version(nint tensor, out long version);
    [LibraryImport(Library)] public static partial int attune_tensor_set_storage(nint tensor, int allocated);
    [LibraryImport(Library)] public static partial int attune_tensor_data(nint tensor, out void* data);
    [LibraryImport(Library)]
    public static partial int attune_tensor_from_memory(void* data, long* sizes, int dimensions, int dtype, out nint tensor);

    [LibraryImport(Library)] public static partial int attune_embedding(nint table, nint tokens, out nint result);
    [LibraryImport(Library)]
    public static partial int attune_set_backward(
        nint output, nint input, nint state, delegate* unmanaged<nint, nint, nint, nint*, int> compute,
        delegate* unmanaged<nint, void> release);
    [LibraryImport(Library)] public static partial int attune_backward(nint root, nint gradient);
    [LibraryImport(Library)] public static partial int attune_gradients(nint root, nint* leaves, int count, nint* results);
    [LibraryImport(Library)] public static partial int attune_grad(nint tensor, out nint gradient);
    [LibraryImport(Library)] public static partial int attune_set_grad(nint tensor, nint gradient);
    [LibraryImport(Library)] public static partial int attune_requires_grad(nint tensor, out int required);
    [LibraryImport(Library)] public static partial int attune_set_requires_grad(nint tensor, int required);
    [LibraryImport(Library)] public static partial int attune_set_grad_mode(int enabled);

    [LibraryImport(Library)] public static partial int attune_multiplies_bfloat16();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int attune_lists_bfloat16(string cpuinfo);
    [LibraryImport(Library)] public static partial int attune_set_amx(int enabled);
    [LibraryImport(Library)] public static partial int attune_kernel_threads();
    [LibraryImport(Library)] public static partial int attune_linear(nint x, nint weight, nint bias, out nint result);
    [LibraryImport(Library)] public static partial int attune_activation(nint x, double linear, double cubic, out nint result);
    [LibraryImport(Library)] public static partial int attune_gated(nint x, nint up, double linear, double cubic, out nint result);
    [LibraryImport(Library)]
    public static partial int attune_norm(
        nint x, nint weight, nint bias, double epsilon, double offset, int dtype, out nint result);
    [LibraryImport(Library)] public static partial int attune_token_logprobs(nint logits, nint targets, nint* results);
    [LibraryImport(Library)]
    public static partial int attune_attention(nint q, nint k, nint v, nint bias, double scale, out nint result);
    [LibraryImport(Library)] public static partial int attune_draw(nint logits, nint uniform, out nint tokens, out nint logprobs);
    [LibraryImport(Library)]
    public static partial int attune_adam(nint parameter, nint gradient, nint mean, nint square, float* numbers, out int done);

    [LibraryImport(Library)] public static partial byte* attune_torch_version();
    [LibraryImport(Library)] public static partial byte* attune_torch_build();
    [LibraryImport(Library)] public static partial int attune_cuda_devices(out int count);
    [LibraryImport(Library)] public static partial int attune_cuda_synchronize(int index);
    [LibraryImport(Library)] public static partial int attune_set_threads(int count);
    [LibraryImport(Library)] public static partial int attune_threads();

    [LibraryImport(Library)] public static partial byte* attune_ranks_backends();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int attune_store_new(string host, int port, int isServer, long timeout, out nint store);
    [LibraryImport(Library)] public static partial void attune_store_free(nint store);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int attune_store_set(nint store, string key, string value);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int attune_store_get(nint store, string key, out byte* value);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int attune_ranks_new(
        nint store, int rank, int count, string address, long timeout, out nint group);
    [LibraryImport(Library)] public static partial void attune_ranks_abort(nint group);
    [LibraryImport(Library)] public static partial void attune_ranks_free(nint group);
    [LibraryImport(Library)] public static partial int attune_ranks_sum(nint group, nint* tensors, int count);
    [LibraryImport(Library)] public static partial int attune_ranks_broadcast(nint group, nint* tensors, int* sources, int count);
    [LibraryImport(Library)] public static partial int attune_ranks_reduce(nint group, nint* tensors, int* owners, int count);
    [LibraryImport(Library)]
    public static partial int attune_ranks_gather(nint group, byte* own, long length, out byte* all, long* lengths);

    [LibraryImport(Library)] public static partial int attune_profile(int enabled);
    [LibraryImport(Library)] public static partial byte* attune_profile_report();

    [LibraryImport(Library)]
    public static partial int attune_generator_new(int deviceType, int deviceIndex, ulong seed, out nint generator);
    [LibraryImport(Library)] public static partial void attune_generator_free(nint generator);
    [LibraryImport(Library)] public static partial int attune_generator_seed(nint generator, ulong seed);
    [LibraryImport(Library)] public static partial int attune_generator_state(nint generator, out nint state);
    [LibraryImport(Library)] public static partial int attune_generator_set_state(nint generator, nint state);
}

/// <summary>Mirrors attune::Tag of export.h.</summary>
enum ValueTag
{
    None, Tensor, Int, Double, Bool, String, IntList, DoubleList, TensorList, OptionalTensorList, Device, Generator,
}

/// <summary>Mirrors attune::Value of export.h: a tag, a length (or device index), and eight bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
struct NativeValue
{
    public ValueTag Tag;
    public int Length;
    public long Bits;
}

/// <summary>Mirrors TensorInfo of tensor.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct NativeTensorInfo
{
    public int DType;
    public int DeviceType;
    public int DeviceIndex;
    public int Dimensions;
    public long Elements;
    public long* Sizes;
}
