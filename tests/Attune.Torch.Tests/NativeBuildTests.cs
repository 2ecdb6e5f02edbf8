using Attune.Testing;
using Attune.Torch.Interop;

namespace Attune.Torch.Tests;

/// <summary>Building the native library on first use, with programs that only look like a compiler and CMake.</summary>
public sealed class NativeBuildTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly Dictionary<string, string> variables;

    public NativeBuildTests()
    {
        Directory.CreateDirectory(folder.File("bin"));
        variables = new(StringComparer.Ordinal) { ["PATH"] = folder.File("bin") };
    }

    [Fact]
    public void Sources_AreTheFilesOfNative() => Assert.Equal(
        Directory.EnumerateFiles(Repository.PathTo("native")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal),
        NativeBuild.Sources);

    [Fact]
    public void FindOrBuild_BuildsOnce_AndFindsItAgain()
    {
        WriteTools();
        var notices = new List<string>();
        var file = New(notices.Add).FindOrBuild();
        Assert.Equal($"built from {NativeBuild.Sources.Count} sources\n", File.ReadAllText(file));
        Assert.Equal(file, New(notices.Add).FindOrBuild());
        Assert.Single(notices);
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.File("cache")));
    }

    [Fact]
    public async Task FindOrBuild_ManyAtOnce_AllGetAWholeFile()
    {
        WriteTools();
        var files = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => File.ReadAllText(New().FindOrBuild()))));
        Assert.All(files, text => Assert.Equal($"built from {NativeBuild.Sources.Count} sources\n", text));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.File("cache")));
    }

    [Theory, InlineData("cmake", "CMake"), InlineData("make", "make"), InlineData("c++", "a C++ compiler")]
    public void FindOrBuild_ProgramMissing_SaysWhichAndHowToInstallIt(string program, string name)
    {
        WriteTools();
        File.Delete(folder.File($"bin/{program}"));
        var error = Assert.Throws<DllNotFoundException>(() => New().FindOrBuild());
        Assert.StartsWith($"Attune builds its native library on first use, and {name} was not found.", error.Message);
        Assert.Contains("On Debian or Ubuntu: apt-get install", error.Message);
    }

    [Fact]
    public void FindOrBuild_NoLibtorch_SaysSo()
    {
        WriteTools("echo 'Could not find a package configuration file: TorchConfig.cmake' >&2; exit 1");
        var error = Assert.Throws<DllNotFoundException>(() => New().FindOrBuild());
        Assert.Contains("libtorch was not found", error.Message);
        Assert.Contains("set CMAKE_PREFIX_PATH or Torch_DIR", error.Message);
    }

    [Fact]
    public void FindOrBuild_BuildFails_ShowsTheEndOfItsOutputAndLeavesNothing()
    {
        WriteTools("echo 'memory.cpp:3: error: no such thing'; exit 1");
        Assert.Contains("memory.cpp:3: error: no such thing", Assert.Throws<DllNotFoundException>(() => New().FindOrBuild()).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("cache")));
    }

    [Theory, InlineData("Torch_DIR"), InlineData("CMAKE_PREFIX_PATH"), InlineData("CXX")]
    public void Key_AnotherLibtorchOrCompiler_Differs(string variable)
    {
        var before = New().Key();
        variables[variable] = "/opt/other";
        Assert.NotEqual(before, New().Key());
    }

    [Fact]
    public void Key_LibtorchReplacedInItsPlace_Differs()
    {
        variables["Torch_DIR"] = folder.Path;
        folder.Write("TorchConfigVersion.cmake", "1.13");
        var before = New().Key();
        folder.Write("TorchConfigVersion.cmake", "2.14");
        Assert.NotEqual(before, New().Key());
    }

    public void Dispose() => folder.Dispose();

    NativeBuild New(Action<string>? notice = null) =>
        new(folder.File("cache"), name => variables.GetValueOrDefault(name)) { Notice = notice ?? (_ => { }) };

    /// <summary>A compiler and make that do nothing, and a CMake that counts the sources.</summary>
    void WriteTools(string configure = "/bin/mkdir -p \"$4\"; n=0; for f in \"$2\"/*; do n=$((n+1)); done; echo $n > \"$4/count\"")
    {
        WriteTool("make", "");
        WriteTool("c++", "");
        WriteTool("cmake", $"""
            if [ "$1" = -S ]; then {configure}; exit; fi
            read n < "$2/count"; /bin/sleep 0.05; echo "built from $n sources" > "$2/libattune_torch.so"
            """);
    }

    void WriteTool(string name, string script)
    {
        var file = folder.Write($"bin/{name}", $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
