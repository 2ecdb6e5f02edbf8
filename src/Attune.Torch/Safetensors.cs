using System.IO.MemoryMappedFiles;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// A safetensors file, memory-mapped: an 8-byte header length, a JSON header, then the bytes of every tensor, row-major and
/// little-endian. https://github.com/huggingface/safetensors
/// </summary>
public sealed unsafe class Safetensors : IDisposable
{
    readonly string path;
    readonly MemoryMappedFile file;
    readonly MemoryMappedViewAccessor view;
    readonly byte* data;

    Safetensors(string path, SafetensorsHeader header)
    {
        this.path = path;
        Header = header;
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        data = start + view.PointerOffset + header.DataStart;
    }

    /// <summary>What the file says it holds, checked against its size.</summary>
    public SafetensorsHeader Header { get; }

    /// <exception cref="InvalidDataException">The file is damaged, or holds an element type that Attune does not read.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Safetensors Open(string path) => new(path, SafetensorsHeader.Read(path));

    /// <summary>A tensor over the mapped bytes: read it, do not write it, and only while the file is open.</summary>
    /// <exception cref="InvalidDataException">The file has no tensor of this name.</exception>
    public Tensor View(string name)
    {
        if (!Header.Entries.TryGetValue(name, out var entry))
            throw new InvalidDataException($"{path}: there is no tensor '{name}' in it");
        fixed (long* sizes = entry.Shape)
        {
            Native.Check(Native.attune_tensor_from_memory(data + entry.Start, sizes, entry.Shape.Length, (int)entry.DType, out var handle));
            return new(handle);
        }
    }

    /// <summary>
    /// Writes tensors to a file, flushed to the disk: wider element types first, then by name, as the format's own writer orders them.
    /// </summary>
    public static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.OrderByDescending(t => t.Value.DType.Size()).ThenBy(t => t.Name, StringComparer.Ordinal).ToList();
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        stream.Write(SafetensorsHeader.Encode(ordered, metadata));
        foreach (var (_, value) in ordered)
            WriteBytes(stream, value);
        stream.Flush(flushToDisk: true);
    }

    static void WriteBytes(FileStream stream, Tensor value)
    {
        using var scope = TensorScope.Open();
        var host = value.Detach().To(Device.Cpu).Contiguous();
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

    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}
