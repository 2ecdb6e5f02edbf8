using System.Diagnostics;
using System.IO.Compression;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>The .NET tool, packed from what is built and installed into an empty folder.</summary>
public sealed class ToolTests
{
    [Fact]
    public void Install_PackedTool_RunsInAnEmptyFolder()
    {
        using var folder = new TemporaryFolder();
        var version = $"0.1.0-test.{DateTime.UtcNow.Ticks}";
        Run(folder, "dotnet", "msbuild", Repository.PathTo("src", "Attune.Cli", "Attune.Cli.csproj"), "-t:Pack", "-nologo", "-v:quiet",
            "-p:Configuration=Release", "-p:NoBuild=true", $"-p:Version={version}", $"-p:PackageOutputPath={folder.File("packages")}");
        using (var package = ZipFile.OpenRead(folder.File($"packages/Attune.Tool.{version}.nupkg")))
            Assert.DoesNotContain(package.Entries, entry => entry.Name == "libattune_torch.so");     // is for this machine's libtorch
        var sources = folder.Write("nuget.config", $"""
            <configuration><packageSources><clear /><add key="packed" value="{folder.File("packages")}" /></packageSources></configuration>
            """);
        Run(folder, "dotnet", "tool", "install", "Attune.Tool", "--version", version, "--configfile", sources, "--tool-path",
            folder.File("tools"));
        Assert.Contains("learningRate:", Run(folder, folder.File("tools/attune"), "recipe", "sft"), StringComparison.Ordinal);
    }

    static string Run(TemporaryFolder folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Directory.CreateDirectory(folder.File("empty")).FullName,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + errors.GetAwaiter().GetResult());
        return output;
    }
}
