using System.Text;

namespace Attune.Torch.Interop;

/// <summary>An ATen operator, looked up by name in libtorch's dispatcher on first use.</summary>
sealed unsafe class Operator(string name, string overload)
{
    const int ListCapacity = 64;
    const int MaximumResults = 3;

    nint handle;

    /// <summary>The name with its overload, as in native_functions.yaml: <c>add.Tensor</c>.</summary>
    public string Name { get; } = overload.Length == 0 ? name : $"{name}.{overload}";

    /// <summary>Whether the loaded libtorch has the operator.</summary>
    public bool Exists => Find() != 0;

    /// <summary>Calls an operator that returns one tensor.</summary>
    public Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc NativeValue[MaximumResults];
        Invoke(arguments, results);
        return new((nint)results[0].Bits);
    }

    /// <summary>Calls an in-place operator and returns its first argument, the changed tensor.</summary>
    public Tensor CallInPlace(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc NativeValue[MaximumResults];
        Invoke(arguments, results);
        Native.attune_tensor_free((nint)results[0].Bits);
        return (Tensor)arguments[0].Payload!;
    }

    /// <summary>Calls an operator that returns two tensors.</summary>
    public (Tensor First, Tensor Second) CallPair(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc NativeValue[MaximumResults];
        Invoke(arguments, results);
        return (new((nint)results[0].Bits), new((nint)results[1].Bits));
    }

    /// <summary>Calls an operator that returns a list of tensors.</summary>
    public Tensor[] CallList(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc NativeValue[MaximumResults];
        Invoke(arguments, results);
        var handles = (nint*)results[0].Bits;
        var tensors = new Tensor[results[0].Length];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = new(handles[i]);
        Native.attune_free(handles);
        return tensors;
    }

    void Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results)
    {
        var operatorHandle = Find();
        if (operatorHandle == 0)
            throw new TorchException($"the loaded libtorch has no operator aten::{Name}");
        var needed = 0;
        foreach (var argument in arguments)
            needed += ListSize(argument);
        var lists = needed <= ListCapacity ? stackalloc long[ListCapacity] : new long[needed];
        fixed (long* memory = lists)
        {
            var values = stackalloc NativeValue[arguments.Length];
            var free = memory;
            for (var i = 0; i < arguments.Length; i++)
                values[i] = Marshal(arguments[i], ref free);
            if (Native.attune_call_operator(operatorHandle, values, arguments.Length, results, MaximumResults, out _) != 0)
                throw new TorchException(Name, arguments, Native.LastError());
        }
    }

    /// <summary>How many 8-byte cells the lists of an argument need.</summary>
    static int ListSize(Argument argument) => argument.Tag switch
    {
        ValueTag.IntList or ValueTag.TensorList or ValueTag.OptionalTensorList => argument.Length,
        ValueTag.String => ((string)argument.Payload!).Length,
        _ => 0,
    };

    static NativeValue Marshal(Argument argument, ref long* free)
    {
        var value = new NativeValue { Tag = argument.Tag, Length = argument.Length, Bits = argument.Bits };
        if (argument.Payload is null)
            return value;
        if (argument.Tag is ValueTag.Tensor)
            value.Bits = ((Tensor)argument.Payload).DataHandle;
        else if (argument.Tag is ValueTag.Generator)
            value.Bits = ((RandomSource)argument.Payload).Handle;
        else
            MarshalList(argument, ref value, ref free);
        return value;
    }

    static void MarshalList(Argument argument, ref NativeValue value, ref long* free)
    {
        value.Bits = (long)free;
        switch (argument.Payload)
        {
            case string text:
                value.Length = Encoding.ASCII.GetBytes(text, new Span<byte>(free, text.Length));
                free += text.Length;
                break;
            case long[] numbers:
                numbers.CopyTo(new Span<long>(free, numbers.Length));
                free += numbers.Length;
                break;
            case Tensor?[] tensors:
                foreach (var tensor in tensors)
                    *free++ = tensor?.DataHandle ?? 0;
                break;
        }
    }

    /// <summary>Safe to call from several threads at once: all of them find the same handle.</summary>
    nint Find()
    {
        if (Volatile.Read(ref handle) is not 0 and var known)
            return known;
        nint found;
        fixed (byte* nameBytes = Encoding.UTF8.GetBytes($"aten::{name}\0"), overloadBytes = Encoding.UTF8.GetBytes($"{overload}\0"))
            Native.Check(Native.attune_find_operator(nameBytes, overloadBytes, out found));
        Volatile.Write(ref handle, found);
        return found;
    }
}
