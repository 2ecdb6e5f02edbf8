using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Attune.Serving.Tests;

/// <summary>The routes over HTTP, and clients that behave badly.</summary>
public sealed class ServerTests(RunningServer server) : IClassFixture<RunningServer>
{
    static readonly object[] Messages = [new { role = "user", content = "The cat says" }];

    [Fact]
    public async Task Models_AreListedWithTheirContext()
    {
        var models = (await server.Client.GetFromJsonAsync<JsonNode>("/v1/models"))!["data"]!.AsArray();
        Assert.Equal(["chat", "reward", "encoder", "adapted"], models.Select(model => (string)model!["id"]!));
        Assert.Equal(192, (int)models[0]!["max_model_len"]!);
    }

    [Fact]
    public async Task Chat_SameSeed_SameResponse()
    {
        var request = new { model = "chat", messages = Messages, max_tokens = 12, seed = 7, n = 3 };
        var (first, second) = (await server.Post("/v1/chat/completions", request), await server.Post("/v1/chat/completions", request));
        Assert.Equal(Texts(first), Texts(second));
        Assert.Equal(3, Texts(first).Distinct().Count());
        Assert.True((int)first["usage"]!["completion_tokens"]! is > 3 and <= 36);
        Assert.All(first["choices"]!.AsArray(), choice => Assert.Contains((string)choice!["finish_reason"]!, (string[])["stop", "length"]));
    }

    [Fact]
    public async Task Chat_Stream_IsTheWholeResponse()
    {
        var whole = await server.Post("/v1/chat/completions", new { messages = Messages, max_tokens = 30, seed = 3 });
        var events = await Events(new
        {
            messages = Messages, max_tokens = 30, seed = 3, stream = true, stream_options = new { include_usage = true },
        });
        Assert.Equal(Texts(whole)[0], string.Concat(events.SelectMany(Deltas)));
        Assert.Equal((string?)whole["choices"]![0]!["finish_reason"], (string?)events[^2]["choices"]![0]!["finish_reason"]);
        Assert.Equal((int)whole["usage"]!["total_tokens"]!, (int)events[^1]["usage"]!["total_tokens"]!);
        Assert.Equal("assistant", (string?)events[0]["choices"]![0]!["delta"]!["role"]);
    }

    [Fact]
    public async Task Chat_AnAdapter_RespondsDifferentlyFromItsModel()
    {
        async Task<string> Text(string model) => Texts(await server.Post(
            "/v1/chat/completions", new { model, messages = Messages, max_tokens = 20, temperature = 0 }))[0];
        Assert.NotEqual(await Text("chat"), await Text("adapted"));
        using var merged = ChatModel.Load(server.Options.Adapters[0].Folder, "cpu");
        Assert.Equal(
            merged.Generate([new Attune.Text.Message("user", "The cat says")], new() { MaxNewTokens = 20, Temperature = 0 }),
            await Text("adapted"));
    }

    [Fact]
    public async Task Chat_LogprobsAndBias_AreThoseOfTheTokens()
    {
        var id = server.Engine.Tokenizer.Encode("moo")[0];
        var response = await server.Post("/v1/chat/completions", new
        {
            messages = Messages, max_tokens = 2, logprobs = true, top_logprobs = 2,
            logit_bias = new Dictionary<string, int> { [$"{id}"] = 100 },
        });
        var tokens = response["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        Assert.Equal(2, tokens.Count);
        Assert.All(tokens, token => Assert.Equal(server.Engine.Tokenizer.Decode([id]), (string?)token!["token"]));
        Assert.True((double)tokens[0]!["logprob"]! < -1);                  // of the model, without the bias
        Assert.Equal(2, tokens[0]!["top_logprobs"]!.AsArray().Count);
    }

    [Fact]
    public async Task Chat_JsonObject_IsAnObject()
    {
        foreach (var seed in Enumerable.Range(1, 8))
        {
            var response = await server.Post("/v1/chat/completions", new
            {
                messages = Messages, seed, response_format = new { type = "json_object" }, temperature = 1.5,
                logit_bias = "\"}]".Select(letter => server.Engine.Tokenizer.Encode($"{letter}")[0]).Distinct()
                    .ToDictionary(id => $"{id}", _ => 8),
            });
            var choice = response["choices"]![0]!;
            Assert.Equal("stop", (string?)choice["finish_reason"]);
            Assert.IsType<JsonObject>(JsonNode.Parse((string)choice["message"]!["content"]!));
        }
    }

    [Fact]
    public async Task Completions_SeveralPrompts_AreAnsweredInOrder()
    {
        var response = await server.Post("/v1/completions", new
        {
            prompt = new[] { "The cat says", "The dog says" }, max_tokens = 5, temperature = 0, logprobs = 1,
        });
        var dog = await server.Post("/v1/completions", new { prompt = "The dog says", max_tokens = 5, temperature = 0 });
        Assert.Equal((string?)dog["choices"]![0]!["text"], (string?)response["choices"]![1]!["text"]);
        Assert.Equal(5, response["choices"]![0]!["logprobs"]!["tokens"]!.AsArray().Count);
        var tokens = await server.Post("/v1/completions", new
        {
            prompt = server.Engine.Encode("The dog says"), max_tokens = 5, temperature = 0,
        });
        Assert.Equal((string?)dog["choices"]![0]!["text"], (string?)tokens["choices"]![0]!["text"]);
    }

    [Fact]
    public async Task Completions_Stop_EndsTheTextBeforeIt()
    {
        var first = await server.Post("/v1/completions", new { prompt = "The cat says", max_tokens = 40, seed = 2 });
        var whole = (string)first["choices"]![0]!["text"]!;
        var stop = whole[(whole.Length / 2)..(whole.Length / 2 + 2)];
        var response = await server.Post("/v1/completions", new { prompt = "The cat says", max_tokens = 40, seed = 2, stop });
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], (string?)response["choices"]![0]!["text"]);
        Assert.Equal("stop", (string?)response["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Score_IsThatOfTheRewardModel()
    {
        var response = await server.Post("/v1/score", new { id = 4, prompts = new[] { "The cat says" }, completions = new[] { " meow." } });
        var expected = ScoreModel.Load(server.Options.Models[1].Folder, "cpu").Score("The cat says", " meow.");
        Assert.Equal(expected, (double)response["scores"]![0]!, 1e-5);
        Assert.Equal(4, (int)response["id"]!);
    }

    [Fact]
    public async Task Embeddings_HaveLengthOneAndBothEncodings()
    {
        var floats = await server.Post("/v1/embeddings", new { input = new[] { "the cat", "the dog says woof" } });
        var first = floats["data"]![0]!["embedding"]!.AsArray().Select(number => (float)number!).ToArray();
        Assert.Equal(1, first.Sum(number => number * number), 1e-4);
        var base64 = await server.Post("/v1/embeddings", new { input = "the cat", encoding_format = "base64" });
        Assert.Equal(
            first.Select(number => Math.Round(number, 4)),
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(
                Convert.FromBase64String((string)base64["data"]![0]!["embedding"]!)).ToArray().Select(number => Math.Round(number, 4)));
    }

    [Theory]
    [InlineData("{", 400, null)]
    [InlineData("[]", 400, null)]
    [InlineData("null", 400, null)]
    [InlineData("""{"messages":"x"}""", 400, "messages")]
    [InlineData("""{"messages":[]}""", 400, "messages")]
    [InlineData("""{"messages":[1]}""", 400, "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", 400, null)]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", 400, "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", 400, "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":-1}""", 400, "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"n":129}""", 400, "n")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"n":0}""", 400, "n")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":151}""", 400, "max_tokens")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stop":[""]}""", 400, "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"logit_bias":{"a":1}}""", 400, "logit_bias")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"logit_bias":{"99999":1}}""", 400, "logit_bias")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"top_logprobs":3}""", 400, "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{}]}""", 400, "tools")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}}""", 400, "response_format")]
    [InlineData("""{"model":"nobody","messages":[{"role":"user","content":"x"}]}""", 404, "model")]
    [InlineData("""{"model":"reward","messages":[{"role":"user","content":"x"}]}""", 400, "model")]
    public async Task Chat_WrongRequest_IsAnErrorInTheFormOfOpenAi(string body, int status, string? parameter)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var (found, error) = await server.Refusal("/v1/chat/completions", content);
        Assert.Equal((status, parameter), (found, (string?)error["param"]));
        Assert.Equal("invalid_request_error", (string?)error["type"]);
        Assert.DoesNotContain("System.", (string)error["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_PromptFillsTheContext_SaysSo()
    {
        var content = JsonContent.Create(new { messages = new[] { new { role = "user", content = new string('x', 500) } } });
        var (status, error) = await server.Refusal("/v1/chat/completions", content);
        Assert.Equal((400, "context_length_exceeded"), (status, (string?)error["code"]));
    }

    [Theory]
    [InlineData("/v1/score", """{"prompts":["a"],"completions":[]}""", 400)]
    [InlineData("/v1/score", """{"prompts":["a"],"completions":[null]}""", 400)]
    [InlineData("/v1/embeddings", """{"input":[1]}""", 400)]
    [InlineData("/v1/completions", """{"prompt":[[5,100000]]}""", 400)]
    [InlineData("/v1/completions", """{"prompt":""}""", 400)]
    [InlineData("/v1/completions", """{"prompt":"x","echo":true}""", 400)]
    [InlineData("/v1/nothing", "{}", 404)]
    public async Task OtherRoutes_WrongRequest_IsAnError(string path, string body, int status)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        Assert.Equal(status, (await server.Refusal(path, content)).Status);
    }

    [Fact]
    public async Task Post_NoJsonTypeOrTooLarge_IsRefused()
    {
        Assert.Equal(415, (await server.Refusal("/v1/chat/completions", new StringContent("{}"))).Status);
        using var large = new StringContent(new string(' ', 5 << 20), Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = large };
        request.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.Client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Get_AnotherHost_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = "evil.example" } };
        using var response = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Chat_ClientGoes_RowIsFreed()
    {
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                messages = Messages, max_tokens = 150, stream = true,
                logit_bias = new Dictionary<string, int> { [$"{server.Engine.Tokenizer.EosId}"] = -100 },
            }),
        };
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone.Token);
        await using (var body = await response.Content.ReadAsStreamAsync(gone.Token))
            _ = await body.ReadAsync(new byte[10], gone.Token);
        response.Dispose();
        for (var wait = 0; server.Engine.Running > 0 && wait < 500; wait++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal(0, server.Engine.Running);
    }

    static string[] Texts(JsonNode response) =>
        [.. response["choices"]!.AsArray().Select(choice => (string)choice!["message"]!["content"]!)];

    static IEnumerable<string> Deltas(JsonNode chunk) =>
        chunk["choices"]!.AsArray().Select(choice => (string?)choice!["delta"]?["content"] ?? "");

    async Task<List<JsonNode>> Events(object request)
    {
        using var response = await server.Client.PostAsJsonAsync("/v1/chat/completions", request);
        var lines = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", lines[^1]);
        return [.. lines[..^1].Select(line => JsonNode.Parse(line["data: ".Length..])!)];
    }
}
