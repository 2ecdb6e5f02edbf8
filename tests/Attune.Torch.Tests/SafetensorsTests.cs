using System.Buffers.Binary;
using System.Text;
using Attune.Testing;

namespace Attune.Torch.Tests;

public sealed class SafetensorsTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TensorsOfEveryTypeComeBackBitForBit()
    {
        var path = folder.File("all.safetensors");
        var values = Enum.GetValues<DType>().Select(type => (type.ToString(), Tensor.From([0f, 1, 3], 3).To(type))).ToList();
        Safetensors.Write(path, [.. values, ("empty", Tensor.Zeros([0, 4])), ("scalar", Tensor.Scalar(2.5))]);
        using var file = Safetensors.Open(path);
        foreach (var (name, value) in values)
        {
            Assert.Equal(value.DType, file.Read(name).DType);
            Assert.Equal(value.RawBytes(), file.Read(name).RawBytes());
        }
        Assert.Equal([0, 4], file.Read("empty").Shape);
        Assert.Equal(2.5, file.Read("scalar").Item());
    }

    [Fact]
    public void MetadataComesBack()
    {
        var path = folder.File("meta.safetensors");
        Safetensors.Write(path, [("a", Tensor.Zeros([1]))], new Dictionary<string, string> { ["format"] = "pt" });
        Assert.Equal("pt", SafetensorsHeader.Read(path).Metadata["format"]);
    }

    [Fact]
    public void AViewOfATransposedTensorIsWrittenRowMajor()
    {
        var path = folder.File("t.safetensors");
        Safetensors.Write(path, [("t", Tensor.From([1f, 2, 3, 4], 2, 2).Transpose(0, 1))]);
        using var file = Safetensors.Open(path);
        Assert.Equal([1f, 3, 2, 4], file.Read("t").ToArray<float>());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 8, "needs 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "truncated or overwritten")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "starts at byte 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        4,
        "starts at byte 0")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        8,
        "occurs twice")]
    [InlineData("""{"a":{"dtype":"F5","shape":[1],"data_offsets":[0,4]}}""", 4, "type F5, which the format does not have")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "negative")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", 4, "header")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "header")]
    [InlineData("""{"a":""", 4, "header")]
    [InlineData("""[1]""", 4, "header")]
    public void ADamagedHeaderIsRefusedWithWhatIsWrong(string header, int dataBytes, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Open(WriteRaw(header, dataBytes)));
        Assert.Contains(expected, error.Message);
        Assert.Contains("damaged.safetensors", error.Message);
    }

    [Theory]
    [InlineData("F8_E4M3", "FP8")]
    [InlineData("F8_E5M2", "FP8")]
    [InlineData("F8_E8M0", "FP8")]
    [InlineData("F8_E4M3FNUZ", "FP8")]
    [InlineData("F8_E5M2FNUZ", "FP8")]
    [InlineData("F6_E2M3", "FP6")]
    [InlineData("F6_E3M2", "FP6")]
    [InlineData("F4", "FP4")]
    [InlineData("U16", "unsigned")]
    [InlineData("U32", "unsigned")]
    [InlineData("U64", "unsigned")]
    [InlineData("C64", "complex")]
    public void Open_TypeOfTheFormatThatIsNotRead_IsNamed(string type, string kind)
    {
        var header = $$$"""{"a":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[0,4]}}""";
        var message = Assert.Throws<InvalidDataException>(() => Safetensors.Open(WriteRaw(header, 4))).Message;
        Assert.Contains($"'a' holds {kind} elements ({type}), which are not supported", message);
        Assert.DoesNotContain("again", message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(20)]
    public void AFileThatWasCutOffIsRefused(int length)
    {
        var path = WriteRaw("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4);
        using (var stream = File.OpenWrite(path))
            stream.SetLength(length);
        Assert.Throws<InvalidDataException>(() => Safetensors.Open(path));
    }

    [Fact]
    public void ANameThatIsNotThereIsSaid()
    {
        var path = folder.File("a.safetensors");
        Safetensors.Write(path, [("a", Tensor.Zeros([1]))]);
        using var file = Safetensors.Open(path);
        Assert.Contains("'b'", Assert.Throws<InvalidDataException>(() => file.Read("b")).Message);
    }

    string WriteRaw(string header, int dataBytes)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        var path = folder.File("damaged.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
