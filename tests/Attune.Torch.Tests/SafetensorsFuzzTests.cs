using System.Buffers.Binary;
using Attune.Testing;

namespace Attune.Torch.Tests;

/// <summary>A safetensors file is untrusted: any file is read within its bounds or refused, with memory proportional to its size.</summary>
public sealed class SafetensorsFuzzTests : IDisposable
{
    const int Files = 24_000;
    const long Constant = 256 << 10;   // bytes that loading may allocate for any file, such as messages that are loaded once

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void DamagedFilesAreReadInTheirBoundsOrRefusedInMemoryOfTheirSize()
    {
        var random = new Random(20_000);
        var seeds = Seeds().ToList();
        var (read, refused) = (0, 0);
        foreach (var _ in Enumerable.Range(0, Files))
        {
            var (header, mutator, data) = seeds[random.Next(seeds.Count)];
            if (Holds(Damaged(header, mutator, data, random)))
                read++;
            else
                refused++;
        }
        Assert.InRange(read, Files / 100, Files);
        Assert.InRange(refused, Files / 2, Files);
    }

    IEnumerable<(byte[] Header, JsonMutator Mutator, byte[] Data)> Seeds()
    {
        var all = Enum.GetValues<DType>().Select(type => (type.ToString(), Tensor.Zeros([3]).To(type))).ToList();
        all.AddRange([("empty", Tensor.Zeros([0, 4])), ("scalar", Tensor.Scalar(1))]);
        var layers = Enumerable.Range(0, 12).Select(i => ($"model.layers.{i}.weight", Tensor.Zeros([2, i + 1])));
        Safetensors.Write(folder.File("all"), all, new Dictionary<string, string> { ["format"] = "pt" });
        Safetensors.Write(folder.File("layers"), layers);
        foreach (var name in new[] { "all", "layers" })
        {
            var bytes = File.ReadAllBytes(folder.File(name));
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
            yield return (bytes[8..(8 + length)], new(System.Text.Encoding.UTF8.GetString(bytes, 8, length)), bytes[(8 + length)..]);
        }
    }

    /// <summary>Damages the header, its length, or any byte.</summary>
    static byte[] Damaged(byte[] header, JsonMutator mutator, byte[] data, Random random)
    {
        var kind = random.Next(8);
        var json = kind < 6 ? mutator.Mutate(random) : header;
        long length = kind == 6 ? LengthOf(random) : json.Length;
        byte[] file = [.. BitConverter.GetBytes(length), .. json, .. data];
        return kind == 7 ? JsonMutator.Damaged(file, random) : file;
    }

    static long LengthOf(Random random) => random.Next(4) switch
    {
        0 => random.Next(4096),
        1 => random.NextInt64(long.MinValue, long.MaxValue),
        2 => 100_000_000 - random.Next(2),
        _ => 1L << random.Next(64),
    };

    /// <summary>Returns whether the file was read or refused; throws for any other error.</summary>
    bool Holds(byte[] file)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        SafetensorsHeader? header = null;
        try
        {
            header = SafetensorsHeader.Read(new MemoryStream(file), "damaged.safetensors");
        }
        catch (InvalidDataException)
        {
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= file.Length + Constant, $"{allocated} bytes were allocated for {file.Length}: {Shown(file)}");
        foreach (var (name, entry) in header?.Entries ?? new Dictionary<string, SafetensorsEntry>())
        {
            Assert.InRange(entry.Start, 0, entry.End);
            Assert.InRange(entry.End, entry.Start, file.Length - header!.DataStart);
            Assert.Equal(entry.End - entry.Start, entry.Shape.Aggregate((long)entry.DType.Size(), (product, length) => product * length));
            Assert.Equal(name, System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(name)));
        }
        return header is not null;
    }

    static string Shown(byte[] file) => System.Text.Encoding.UTF8.GetString(file, 0, Math.Min(file.Length, 300));

    public static TheoryData<string> Bombs =>
    [
        new string('[', 1_000_000),
        """{"a":""" + new string('[', 1_000_000),
        """{"a":{"dtype":"F32","data_offsets":[0,4],"shape":[""" + string.Join(',', Enumerable.Repeat("1", 500_000)) + "]}}",
        """{"a":{"dtype":"F32","shape":[],"data_offsets":[""" + string.Join(',', Enumerable.Repeat("0", 500_000)) + "]}}",
        "{\"" + new string('a', 1_000_000) + "\":1}",
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]""" + string.Concat(Enumerable.Repeat(",\"x\":0", 100_000)) + "}}",
        """{"a":{"dtype":""" + "\"" + new string('F', 1_000_000) + "\"}}",
        """{"a":{"dtype":"F32","shape":[""" + new string('9', 1_000_000) + "]}}",
    ];

    [Theory]
    [MemberData(nameof(Bombs))]
    public void ALargeHeaderOfNothingIsRefusedInMemoryOfItsSize(string header) =>
        Assert.False(Holds(FileOf(header)));

    static byte[] FileOf(string header) =>
        [.. BitConverter.GetBytes((long)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header), .. new byte[4]];

    [Theory]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "lone surrogate")]
    [InlineData(
        """{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        "'a' has the key 'dtype', which is unknown or occurs twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":[]}}""", "'a' has the key 'x'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "not whole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}""", "too large")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "'a' must have dtype, shape and two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":{},"data_offsets":[0,4]}}""", "expected StartArray at byte 28 (was StartObject)")]
    [InlineData(
        """{"__metadata__":{"a":"b"},"__metadata__":{},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "'__metadata__' twice")]
    [InlineData("""{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "expected String")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x""", "expected the end of the text, found `x`")]
    public void WhatIsWrongInAHeaderIsSaid(string header, string expected)
    {
        var file = new MemoryStream(FileOf(header));
        var message = Assert.Throws<InvalidDataException>(() => SafetensorsHeader.Read(file, "a.safetensors")).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
