using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Attune.Serving.Tests;

/// <summary>New weights while a server runs.</summary>
public sealed class WeightTests : IDisposable
{
    readonly RunningServer server = RunningServer.With(options => options with { AllowWeightUpdates = true, Adapters = [] });

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task LoadAdapter_RespondsLikeTheAdapterUntilItIsUnloaded()
    {
        var own = await Greedy("chat");
        await Load("hotel", server.Folders.Adapter);
        var first = await Greedy("hotel");
        Assert.NotEqual(own, first);
        await Load("hotel", server.Folders.OtherAdapter, inPlace: true);
        await Load("spa", server.Folders.OtherAdapter, inPlace: true);
        Assert.NotEqual(first, await Greedy("hotel"));
        Assert.Equal(await Greedy("spa"), await Greedy("hotel"));
        Assert.Equal(own, await Greedy("chat"));
        await Ok("/v1/unload_lora_adapter", new { lora_name = "hotel" });
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => Greedy("hotel"));
        Assert.Equal(HttpStatusCode.NotFound, error.StatusCode);
        Assert.Equal(await Greedy("spa"), await Greedy("spa"));
    }

    [Fact]
    public async Task LoadAdapter_NameInUseOrNoAdapter_IsRefused()
    {
        await Load("hotel", server.Folders.Adapter);
        var wrong = new (string Name, string Path, bool InPlace, int Status)[]
        {
            ("hotel", server.Folders.OtherAdapter, false, 400), ("chat", server.Folders.Adapter, true, 404),
            ("other", server.Folders.Language, true, 400), ("hotel", "/nowhere", true, 400),
        };
        foreach (var (name, path, inPlace, status) in wrong)
        {
            using var content = JsonContent.Create(new { lora_name = name, lora_path = path, load_inplace = inPlace });
            Assert.Equal(status, (await server.Refusal("/v1/load_lora_adapter", content)).Status);
        }
        Assert.NotEqual(await Greedy("chat"), await Greedy("hotel"));
    }

    [Fact]
    public async Task UpdateWeights_RunningResponsesEndWithTheOldOnes()
    {
        var old = await Generate();
        var streams = Enumerable.Range(0, 6).Select(_ => Generate()).ToList();
        while (server.Engine.Running == 0)
            await Task.Yield();
        await Ok("/update_weights_from_disk", new { model_path = server.Folders.OtherLanguage, weight_version = "7" });
        var next = await Generate();
        foreach (var stream in await Task.WhenAll(streams))
            Assert.Contains(stream, ((string, string)[])[old, next]);
        Assert.Contains(old, await Task.WhenAll(streams));
        Assert.NotEqual(old.Tokens, next.Tokens);
        Assert.Equal(("default", "7"), (old.Version, next.Version));
        using var other = RunningServer.With(
            options => options with { Models = [new("chat", server.Folders.OtherLanguage)], Adapters = [] });
        Assert.Equal(next.Tokens, (await Generate(other)).Tokens);
        var info = (await server.Client.GetFromJsonAsync<JsonNode>("/get_model_info"))!;
        Assert.Equal((server.Folders.OtherLanguage, "7"), ((string?)info["model_path"], (string?)info["weight_version"]));
    }

    [Fact]
    public async Task UpdateWeights_Abort_EndsRunningResponsesWithAnError()
    {
        var running = Generate();
        while (server.Engine.Running == 0)
            await Task.Yield();
        await Ok("/update_weights_from_disk", new { model_path = server.Folders.OtherLanguage, abort_all_requests = true });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Assert.ThrowsAsync<HttpRequestException>(() => running)).StatusCode);
    }

    [Fact]
    public async Task UpdateWeights_WrongFolderOrLoadedAdapters_KeepsTheOldOnes()
    {
        var old = await Generate();
        foreach (var folder in (string[])["/nowhere", server.Folders.Encoder])
            await Refused(folder);
        await Load("hotel", server.Folders.Adapter);
        Assert.Contains("'hotel'", await Refused(server.Folders.OtherLanguage), StringComparison.Ordinal);
        Assert.Equal(old, await Generate());

        async Task<string> Refused(string folder)
        {
            using var response = await server.Client.PostAsJsonAsync("/update_weights_from_disk", new { model_path = folder });
            var body = (await response.Content.ReadFromJsonAsync<JsonNode>())!;
            Assert.Equal((HttpStatusCode.BadRequest, false), (response.StatusCode, (bool)body["success"]!));
            return (string)body["message"]!;
        }
    }

    Task Load(string name, string path, bool inPlace = false) =>
        Ok("/v1/load_lora_adapter", new { lora_name = name, lora_path = path, load_inplace = inPlace });

    async Task Ok(string path, object body)
    {
        using var response = await server.Client.PostAsJsonAsync(path, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    async Task<string> Greedy(string model) => (string)(await server.Post(
        "/v1/completions", new { model, prompt = "The cat says", max_tokens = 20, temperature = 0 }))["choices"]![0]!["text"]!;

    Task<(string Tokens, string Version)> Generate() => Generate(server);

    static async Task<(string Tokens, string Version)> Generate(RunningServer from)
    {
        var response = await from.Post("/generate", new
        {
            input_ids = new[] { 5, 7, 9, 4 }, sampling_params = new { max_new_tokens = 140, ignore_eos = true, sampling_seed = 3 },
        });
        return (response["output_ids"]!.ToJsonString(), (string)response["meta_info"]!["weight_version"]!);
    }
}
