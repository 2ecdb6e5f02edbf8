using System.Reflection;
using Attune.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Attune.Tests;

/// <summary>The programs in examples/, compiled and run on a tiny model.</summary>
public sealed class ExampleTests(TinyFolders tiny, ITestOutputHelper output) : IClassFixture<TinyFolders>
{
    /// <summary>A reward that `recipes/ppo-process.yaml` starts: it has a test with the recipes.</summary>
    const string RewardProgram = "scorer.cs";

    /// <summary>A web application, which runs until it is stopped: it has a test with the server.</summary>
    const string WebApplication = "web-chat.cs";

    static readonly IReadOnlyList<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(file => MetadataReference.CreateFromFile(file)),
    ];

    public static IReadOnlyList<string> Names { get; } =
    [
        .. Directory.EnumerateFiles(Repository.PathTo("examples"), "*.cs").Select(file => Path.GetFileName(file))
            .Where(name => name is not (RewardProgram or WebApplication)).Order(StringComparer.Ordinal),
    ];

    public static TheoryData<string> Examples => [.. Names];

    [Fact]
    public void Examples_AreEight()
    {
        output.WriteLine($"{Names.Count} examples: {string.Join(", ", Names)}");
        Assert.Equal(8, Names.Count);
    }

    [Theory, MemberData(nameof(Examples))]
    public async Task Example_TinyModel_RunsToItsEnd(string name)
    {
        var written = await Run(Compile(name), Arguments(name));
        Assert.NotEqual("", written.Trim());
        if (Directory.Exists(tiny.PathTo(name)))
            Assert.True(File.Exists(Path.Combine(tiny.PathTo(name), "summary.json")), written);
    }

    [Fact]
    public void Example_FirstLine_RefersToTheLibrary() => Assert.All(Names, name =>
        Assert.Equal("#:project ../src/Attune/Attune.csproj", File.ReadLines(Repository.PathTo("examples", name)).First()));

    string[] Arguments(string name) => name switch
    {
        "score.cs" => [tiny.LanguageModel, tiny.RewardModel, "The cat says"],
        "stream.cs" => [tiny.LanguageModel, "The cat says"],
        "sft.cs" => [tiny.LanguageModel, tiny.Demonstrations, tiny.PathTo(name), "2"],
        "dpo.cs" or "reward-model.cs" => [tiny.LanguageModel, tiny.Comparisons, tiny.PathTo(name), "2"],
        "grpo-verifiable.cs" =>
            [tiny.LanguageModel, tiny.Write("task.jsonl", """{"prompt":"The cat says","answer":"meow"}"""), tiny.PathTo(name), "2"],
        _ => [tiny.LanguageModel, tiny.Prompts, tiny.PathTo(name), "2"],
    };

    static Assembly Compile(string name)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview).WithFeatures([new("FileBasedProgram", "true")]);
        var source = File.ReadAllText(Repository.PathTo("examples", name));
        var compilation = CSharpCompilation.Create(
            $"example-{Path.GetFileNameWithoutExtension(name)}",
            [CSharpSyntaxTree.ParseText(source, options), CSharpSyntaxTree.ParseText(ImplicitUsings, options)],
            References,
            new(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.Empty(result.Diagnostics.Where(found => found.Severity >= DiagnosticSeverity.Warning).Select(found => found.ToString()));
        return Assembly.Load(assembly.ToArray());
    }

    static async Task<string> Run(Assembly program, string[] arguments)
    {
        var before = Console.Out;
        using var written = new StringWriter();
        Console.SetOut(written);
        try
        {
            await Task.Run(() => program.EntryPoint!.Invoke(null, [arguments]));
        }
        catch (TargetInvocationException error)
        {
            throw new InvalidOperationException($"the example failed: {error.InnerException}", error.InnerException);
        }
        finally
        {
            Console.SetOut(before);
        }
        return written.ToString();
    }

    const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;
}
