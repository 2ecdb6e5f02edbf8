using System.Diagnostics;
using System.IO.Compression;
using Attune.Testing;

namespace Attune.Tests;

/// <summary>The packages: packed from what is built, and used by a program that has nothing else.</summary>
public sealed class PackageTests(TinyFolders tiny) : IClassFixture<TinyFolders>
{
    static readonly string[] Packages =
    [
        "Attune", "Attune.Data", "Attune.Evaluation", "Attune.Generation", "Attune.Hub", "Attune.Inference", "Attune.Input", "Attune.Jinja",
        "Attune.Models", "Attune.Reporting", "Attune.Text", "Attune.Torch", "Attune.Training",
    ];

    [Fact]
    public void Program_PackagesAlone_TrainsTwoSteps()
    {
        using var folder = new TemporaryFolder();
        var version = $"0.1.0-test.{DateTime.UtcNow.Ticks}";
        Pack(folder, version);
        AssertContents(folder.File("packages"), version);
        WriteProgram(folder, version);
        Dotnet(folder.Path, "build", "Program.csproj", "-c", "Release", "--nologo", "-o", folder.File("out"));
        var written = Dotnet(folder.Path, folder.File("out/Program.dll"), tiny.LanguageModel, tiny.Prompts, folder.File("run"));
        Assert.Contains("2 of 2: score", written);
        Assert.True(File.Exists(folder.File("run/model/model.safetensors")));
    }

    /// <summary>Packs what lies in bin/Release.</summary>
    static void Pack(TemporaryFolder folder, string version)
    {
        var projects = string.Join(';', Packages.Select(name => Repository.PathTo("src", name, $"{name}.csproj")));
        var all = folder.Write("pack.proj", $"""
            <Project>
              <Target Name="Pack">
                <MSBuild Projects="{projects}" Targets="Pack" BuildInParallel="true"
                         Properties="Configuration=Release;NoBuild=true;Version={version};PackageOutputPath={folder.File("packages")}" />
              </Target>
            </Project>
            """);
        Dotnet(folder.Path, "msbuild", all, "-t:Pack", "-nologo", "-v:quiet", "-m:2");
    }

    static void AssertContents(string packages, string version)
    {
        Assert.Equal(
            Packages.SelectMany(name => (string[])[$"{name}.{version}.nupkg", $"{name}.{version}.snupkg"]).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(packages).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        foreach (var name in Packages)
        {
            using var package = ZipFile.OpenRead(Path.Combine(packages, $"{name}.{version}.nupkg"));
            var entries = package.Entries.Select(entry => entry.FullName).ToList();
            Assert.Contains($"lib/net10.0/{name}.dll", entries);
            Assert.Contains($"lib/net10.0/{name}.xml", entries);
            Assert.DoesNotContain(entries, entry => entry.EndsWith(".so", StringComparison.Ordinal));
        }
    }

    static void WriteProgram(TemporaryFolder folder, string version)
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        // The machine's packages serve as a fallback, so that nothing is downloaded twice, and its cache does not get these packages.
        folder.Write("nuget.config", $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{folder.File("cache")}" /></config>
              <fallbackPackageFolders><add key="machine" value="{cache}" /></fallbackPackageFolders>
              <packageSources><add key="packed" value="{folder.File("packages")}" /></packageSources>
            </configuration>
            """);
        folder.Write("Program.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="Attune" Version="{version}" /></ItemGroup>
            </Project>
            """);
        folder.Write("Program.cs", """
            using Attune;
            using Attune.Training.Recipes;

            using var model = ChatModel.Load(args[0], "cpu");
            var recipe = new PpoRecipe
            {
                Run = new() { Output = args[2] },
                Data = new() { Train = args[1] },
                Rewards = [Reward.From((prompt, response) => -response.Length)],
                Training = new() { BatchSize = 4, Steps = 2 },
                Sampling = new() { MaxNewTokens = 6 },
            };
            using var result = await Trainer.TrainAsync(model, recipe, Show);
            Console.WriteLine(result.Model.Generate("The cat says"));

            static void Show(StepResult step) => Console.WriteLine($"{step.Number} of {step.Total}: {step.Summary}");
            """);
    }

    static string Dotnet(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ATTUNE_NATIVE"] = Path.Combine(AppContext.BaseDirectory, "libattune_torch.so");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";                         // no process outlives the test
        start.Environment["UseSharedCompilation"] = "false";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}\n{output}\n{errors.GetAwaiter().GetResult()}");
        return output;
    }
}
