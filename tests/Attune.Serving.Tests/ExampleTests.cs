using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Attune.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Attune.Serving.Tests;

public sealed class ExampleTests(ServedFolders folders) : IClassFixture<ServedFolders>
{
    [Fact]
    public async Task WebChat_AQuestion_IsAnsweredAndScored()
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        var entry = Compile("web-chat.cs").EntryPoint!;
        string[] arguments = [folders.Language, folders.Reward, "--urls", address];
        new Thread(() => entry.Invoke(null, [arguments])) { IsBackground = true }.Start();
        Assert.Matches("\nscore -?[0-9.]+\n$", await Ask(new($"{address}/ask?question=The+cat+says")));
    }

    static async Task<string> Ask(Uri question)
    {
        using var client = new HttpClient();
        for (var attempt = 0; ; attempt++)
            try
            {
                return await client.GetStringAsync(question, TestContext.Current.CancellationToken);
            }
            catch (HttpRequestException) when (attempt < 200)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);          // it starts
            }
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static Assembly Compile(string name)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview).WithFeatures([new("FileBasedProgram", "true")]);
        var compilation = CSharpCompilation.Create(
            "web-chat",
            [
                CSharpSyntaxTree.ParseText(File.ReadAllText(Repository.PathTo("examples", name)), options),
                CSharpSyntaxTree.ParseText(ImplicitUsings, options),
            ],
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Select(file => MetadataReference.CreateFromFile(file)),
            new(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.Empty(result.Diagnostics.Where(found => found.Severity >= DiagnosticSeverity.Warning).Select(found => found.ToString()));
        return Assembly.Load(assembly.ToArray());
    }

    const string ImplicitUsings = """
        global using System;
        global using System.Linq;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.Extensions.DependencyInjection;
        """;
}
