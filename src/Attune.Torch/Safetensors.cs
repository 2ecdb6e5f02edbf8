using System.IO.MemoryMappedFiles;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// A safetensors file, memory-mapped: an 8-byte header length, a JSON header, then the bytes of every tensor, row-major and
/// little-endian. https://github.com/huggingface/safetensors
/// </summary>
public sealed unsafe class Safetensors : IDisposable
{
    const long MappedAtOnce = 4 << 20;   // bytes; mapped pages count as memory of the process

    readonly string path;
    readonly MemoryMappedFile file;

    Safetensors(string path, SafetensorsHeader header)
    {
        this.path = path;
        Header = header;
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Names, types and shapes from the header, checked against the size of the file.</summary>
    public SafetensorsHeader Header { get; }

    /// <exception cref="InvalidDataException">The file is damaged, or has an element type that Attune cannot read.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static Safetensors Open(string path) => new(path, SafetensorsHeader.Read(path));

    /// <summary>Reads a tensor, in its stored type or converted to another.</summary>
    /// <exception cref="InvalidDataException">The file has no tensor of this name.</exception>
    public Tensor Read(string name, DType? dtype = null)
    {
        var entry = Entry(name);
        var tensor = Tensor.Empty(entry.Shape, dtype ?? entry.DType);
        Copy(entry, tensor);
        return tensor;
    }

    /// <summary>Copies a tensor of the file into a contiguous tensor of the same shape, of any type, on any device.</summary>
    /// <exception cref="InvalidDataException">The file has no tensor of this name and shape.</exception>
    public void ReadInto(string name, Tensor target)
    {
        var entry = Entry(name);
        if (!target.Shape.SequenceEqual(entry.Shape))
            throw new InvalidDataException($"{path}: '{name}' has shape [{string.Join(", ", entry.Shape)}] but must match {target}");
        Copy(entry, target);
    }

    /// <summary>Whether a tensor of this file has the type, the shape and the bytes of a tensor of another file.</summary>
    public bool HasSame(string name, Safetensors other, string otherName)
    {
        var (own, its) = (Entry(name), other.Entry(otherName));
        if (own.DType != its.DType || !own.Shape.SequenceEqual(its.Shape))
            return false;
        for (long at = 0, left = own.End - own.Start; left > 0; at += MappedAtOnce, left -= MappedAtOnce)
            if (!SameBytes(own.Start + at, other, its.Start + at, (int)Math.Min(left, MappedAtOnce)))
                return false;
        return true;
    }

    bool SameBytes(long start, Safetensors other, long otherStart, int count)
    {
        using var own = View(start, count);
        using var its = other.View(otherStart, count);
        byte* left = null, right = null;
        own.SafeMemoryMappedViewHandle.AcquirePointer(ref left);
        its.SafeMemoryMappedViewHandle.AcquirePointer(ref right);
        try
        {
            return new ReadOnlySpan<byte>(left + own.PointerOffset, count).SequenceEqual(new(right + its.PointerOffset, count));
        }
        finally
        {
            own.SafeMemoryMappedViewHandle.ReleasePointer();
            its.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    MemoryMappedViewAccessor View(long start, long count) =>
        file.CreateViewAccessor(Header.DataStart + start, count, MemoryMappedFileAccess.Read);

    SafetensorsEntry Entry(string name) => Header.Entries.TryGetValue(name, out var entry)
        ? entry
        : throw new InvalidDataException($"{path} has no tensor '{name}'");

    void Copy(SafetensorsEntry entry, Tensor target)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var (flat, size) = (target.Reshape(-1), entry.DType.Size());
        var step = MappedAtOnce / size;
        for (long at = 0; at < flat.ElementCount; at += step)
            CopyPart(entry, flat, at, Math.Min(step, flat.ElementCount - at));
    }

    void CopyPart(SafetensorsEntry entry, Tensor flat, long at, long count)
    {
        using var scope = TensorScope.Open();
        var size = entry.DType.Size();
        using var view = View(entry.Start + at * size, count * size);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            Native.Check(Native.attune_tensor_from_memory(start + view.PointerOffset, &count, 1, (int)entry.DType, out var mapped));
            flat.Slice(0, at, at + count).CopyInPlace(new Tensor(mapped));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    /// <summary>
    /// Writes tensors to a file and flushes it to disk. Wider element types come first, then names in order, as in the safetensors
    /// library.
    /// </summary>
    public static void Write(
        string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, tensors.Select(t => new SafetensorsSource(t.Name, t.Value.DType, t.Value.ShapeArray, () => t.Value)), metadata);

    /// <summary>Writes tensors that are computed one at a time.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{ValueTuple{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/>
    public static void Write(
        string path, IEnumerable<SafetensorsSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.OrderByDescending(t => t.DType.Size()).ThenBy(t => t.Name, StringComparer.Ordinal).ToList();
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        stream.Write(SafetensorsHeader.Encode(ordered, metadata));
        foreach (var tensor in ordered)
            WriteBytes(stream, tensor);
        stream.Flush(flushToDisk: true);
    }

    static void WriteBytes(FileStream stream, SafetensorsSource tensor)
    {
        using var scope = TensorScope.Open();
        using var noGrad = Autograd.NoGrad();
        var host = tensor.Read().Detach().To(Device.Cpu).Contiguous();
        Native.Check(Native.attune_tensor_data(host.Handle, out var bytes));
        var left = host.ElementCount * host.DType.Size();
        for (var next = (byte*)bytes; left > 0;)
        {
            var count = (int)Math.Min(left, 1 << 30);
            stream.Write(new ReadOnlySpan<byte>(next, count));
            next += count;
            left -= count;
        }
    }

    public void Dispose() => file.Dispose();
}
