using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Attune.Studio.Tests;

/// <summary>
/// A model server with answers of its own, in the place of <c>attune serve</c>: a script announces its address, as the program does, and
/// runs until it is ended.
/// </summary>
sealed class ModelDouble : IAsyncDisposable
{
    const string Script = """
        echo $$ >>"$1"
        if [ -e "$1.broken" ]; then echo "attune: the model is damaged" >&2; exit 2; fi
        echo "Attune serves $0/v1   (press Ctrl-C to stop)"
        exec sleep 600
        """;

    readonly TemporaryFolder folder = new();
    readonly WebApplication app;

    ModelDouble(WebApplication app) => this.app = app;

    /// <summary>Answers a request that has these messages; by default with the last message and a number.</summary>
    public Func<JsonArray, int, Task<string>> Answer { get; set; } = (messages, at) =>
        Task.FromResult($"{messages[^1]!["content"]} {at + 1}");

    /// <summary>The requests until now.</summary>
    public int Requests;

    /// <summary>The command that starts it.</summary>
    public IReadOnlyList<string> Command => ["sh", "-c", Script, app.Urls.First(), folder.File("processes")];

    /// <summary>The ids of the processes that were started.</summary>
    public IReadOnlyList<int> Processes =>
        File.Exists(folder.File("processes")) ? [.. File.ReadLines(folder.File("processes")).Select(int.Parse)] : [];

    /// <summary>Makes new processes fail.</summary>
    public void Break() => folder.Write("processes.broken", "");

    public void Mend() => File.Delete(folder.File("processes.broken"));

    public static async Task<ModelDouble> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var model = new ModelDouble(builder.Build());
        model.app.MapPost("/v1/chat/completions", model.Respond);
        await model.app.StartAsync();
        return model;
    }

    async Task<IResult> Respond(HttpContext context, JsonObject request)
    {
        Interlocked.Increment(ref Requests);
        var choices = new JsonArray();
        for (var at = 0; at < (int)request["n"]!; at++)
            try
            {
                var text = await Answer(request["messages"]!.AsArray(), at);
                choices.Add((JsonNode)new JsonObject { ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text } });
            }
            catch (InvalidOperationException)     // dies while it answers
            {
                context.Abort();
            }
        return Results.Json(new JsonObject { ["choices"] = choices });
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        folder.Dispose();
    }
}
