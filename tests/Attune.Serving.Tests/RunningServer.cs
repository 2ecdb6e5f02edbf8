using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Attune.Serving.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Attune.Serving.Tests;

/// <summary>A server of the tiny models on a free port.</summary>
public sealed class RunningServer : IDisposable
{
    readonly ServedFolders folders = new();
    readonly WebApplication app;

    public RunningServer()
        : this(options => options)
    {
    }

    RunningServer(Func<ServingOptions, ServingOptions> change)
    {
        Options = change(new()
        {
            Models = [new("chat", folders.Language), new("reward", folders.Reward), new("encoder", folders.Encoder)],
            Adapters = [new("adapted", folders.Adapter)],
            Listen = new(IPAddress.Loopback, 0),
            Engine = new() { Device = "cpu" },
            MaxTokens = 150,
        });
        app = ApiServer.Build(Options);
        app.Start();
        Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new() { BaseAddress = Address };
    }

    public static RunningServer With(Func<ServingOptions, ServingOptions> change) => new(change);

    public ServingOptions Options { get; }

    public ServedFolders Folders => folders;

    public Uri Address { get; }

    public HttpClient Client { get; }

    public ChatEngine Engine => app.Services.GetRequiredService<ServedModels>().Find<ChatEngine>("chat", "");

    public Task Stop() => app.StopAsync(TestContext.Current.CancellationToken);

    public async Task<JsonNode> Post(string path, object body)
    {
        var response = await Client.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new HttpRequestException(text, null, response.StatusCode);
    }

    /// <summary>The status and the error of a request that is refused.</summary>
    public async Task<(int Status, JsonNode Error)> Refusal(string path, HttpContent content)
    {
        using var response = await Client.PostAsync(path, content);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!);
    }

    public void Dispose()
    {
        Client.Dispose();
        ((IDisposable)app).Dispose();
        folders.Dispose();
    }
}
