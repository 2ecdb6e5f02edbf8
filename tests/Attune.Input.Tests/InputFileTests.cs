using System.Diagnostics;
using Attune.Testing;

namespace Attune.Input.Tests;

public sealed class InputFileTests
{
    [Fact]
    public void Open_NamedPipe_IsRefusedAtOnce()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("pipe.jsonl");
        using (var made = Process.Start("mkfifo", path))
            made.WaitForExit();
        var message = Assert.Throws<InvalidDataException>(() => InputFile.Open(path)).Message;
        Assert.Equal($"{path} must be a regular file (was a named pipe)", message);
    }

    [Theory]
    [InlineData("/dev/zero", "a device or socket")]
    [InlineData("/tmp", "a folder")]
    public void ReadBytes_NoRegularFile_IsRefused(string path, string was)
    {
        var message = Assert.Throws<InvalidDataException>(() => InputFile.ReadBytes(path)).Message;
        Assert.Equal($"{path} must be a regular file (was {was})", message);
    }

    [Fact]
    public void ReadBytes_LinkToADevice_IsRefused()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.File("config.json"), "/dev/zero");
        Assert.Throws<InvalidDataException>(() => JsonInput.ReadObject(folder.File("config.json")));
    }

    [Fact]
    public void ReadText_TooLarge_SaysTheLimit()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("recipe.yaml", new string(' ', 5000));
        var message = Assert.Throws<InvalidDataException>(() => InputFile.ReadText(path, most: 4096)).Message;
        Assert.Equal($"{path} may have at most 4,096 bytes (has 5,000)", message);
        Assert.Equal(5000, InputFile.ReadText(path).Length);
    }

    [Fact]
    public void Open_MissingFile_IsAnIOException() => Assert.ThrowsAny<IOException>(() => InputFile.Open("/nowhere/at/all"));
}
