using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Serving.Tests;

/// <summary>What trainers ask a server for: token ids in and out, in the protocols of vLLM and SGLang.</summary>
public sealed class RolloutTests(RunningServer server) : IClassFixture<RunningServer>
{
    static readonly int[][] Prompts = [[5, 7, 9, 4], [8, 6]];

    [Fact]
    public async Task Completions_ReturnTokenIds_HasTokensAndLogprobsOfTheModel()
    {
        var response = await server.Post("/v1/completions", new
        {
            prompt = Prompts, n = 2, max_tokens = 6, temperature = 0.7, seed = 3, logprobs = 0, return_token_ids = true,
            add_special_tokens = false,
        });
        var choices = response["choices"]!.AsArray();
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => (int)choice!["index"]!));
        foreach (var (index, choice) in choices.Index())
        {
            var tokens = Ids(choice!["token_ids"]!);
            Assert.Equal(Prompts[index / 2], Ids(choice["prompt_token_ids"]!));
            AssertLogprobs(Prompts[index / 2], tokens, choice["logprobs"]!["token_logprobs"]!, temperature: 1);
            Assert.Equal(server.Engine.Tokenizer.Decode(tokens, skipSpecialTokens: true), (string?)choice["text"]);
        }
    }

    [Fact]
    public async Task Completions_ReturnTokenIdsInAStream_AreThoseOfTheWholeResponse()
    {
        var request = new { prompt = Prompts[0], max_tokens = 20, seed = 5, logprobs = 0, return_token_ids = true, stream = true };
        using var response = await server.Client.PostAsJsonAsync("/v1/completions", request);
        var lines = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var chunks = lines[..^1].Select(line => JsonNode.Parse(line["data: ".Length..])!["choices"]![0]!).ToList();
        var whole = (await server.Post("/v1/completions", request with { stream = false }))["choices"]![0]!;
        Assert.Equal(Ids(whole["token_ids"]!), chunks.SelectMany(chunk => Ids(chunk["token_ids"]!)));
        Assert.Equal(Prompts[0], Ids(Assert.Single(chunks, chunk => chunk["prompt_token_ids"] is not null)["prompt_token_ids"]!));
        Assert.Equal(
            whole["logprobs"]!["token_logprobs"]!.AsArray().Count,
            chunks.Sum(chunk => chunk["logprobs"]?["token_logprobs"]!.AsArray().Count ?? 0));
    }

    [Fact]
    public async Task Completions_StopTokenIds_EndTheResponseWithTheToken()
    {
        var free = await Greedy(new { prompt = Prompts[0], max_tokens = 8, temperature = 0, return_token_ids = true, ignore_eos = true });
        var stop = Ids(free["token_ids"]!)[3];
        var stopped = await Greedy(new
        {
            prompt = Prompts[0], max_tokens = 8, temperature = 0, return_token_ids = true, ignore_eos = true,
            stop_token_ids = new[] { stop },
        });
        var expected = Ids(free["token_ids"]!)[..(Array.IndexOf(Ids(free["token_ids"]!), stop) + 1)];
        Assert.Equal(expected, Ids(stopped["token_ids"]!));
        Assert.Equal("stop", (string?)stopped["finish_reason"]);
        Assert.Equal(server.Engine.Tokenizer.Decode(expected.AsSpan()[..^1], skipSpecialTokens: true), (string?)stopped["text"]);
    }

    [Fact]
    public async Task Completions_IgnoreEos_ContinuesAfterIt()
    {
        var eos = server.Engine.Tokenizer.EosId!.Value;
        var bias = new Dictionary<string, int> { [$"{eos}"] = 100 };
        var request = new { prompt = Prompts[0], max_tokens = 5, return_token_ids = true, logit_bias = bias, ignore_eos = false };
        var choice = await Greedy(request);
        Assert.Equal([eos], Ids(choice["token_ids"]!));
        Assert.Equal(("stop", ""), ((string?)choice["finish_reason"], (string?)choice["text"]));
        choice = await Greedy(request with { ignore_eos = true });
        Assert.Equal(Enumerable.Repeat(eos, 5), Ids(choice["token_ids"]!));
        Assert.Equal("length", (string?)choice["finish_reason"]);
        choice = await Greedy(new
        {
            request.prompt, request.max_tokens, request.logit_bias, ignore_eos = true, skip_special_tokens = false,
        });
        Assert.Equal(server.Engine.Tokenizer.Decode([eos, eos, eos, eos, eos]), (string?)choice["text"]);
    }

    [Fact]
    public async Task Generate_InputIds_HasTokensAndTemperedLogprobs()
    {
        var responses = (await server.Post("/generate", new
        {
            input_ids = Prompts, return_logprob = true,
            sampling_params = new { max_new_tokens = 6, temperature = 0.7, top_p = 0.9, top_k = -1, n = 2 },
        })).AsArray();
        Assert.Equal(4, responses.Count);
        foreach (var (index, response) in responses.Index())
        {
            var (tokens, info) = (Ids(response!["output_ids"]!), response["meta_info"]!);
            var pairs = info["output_token_logprobs"]!.AsArray();
            Assert.Equal(tokens, pairs.Select(pair => (int)pair![1]!));
            Assert.All(pairs, pair => Assert.Null(pair![2]));
            AssertLogprobs(Prompts[index / 2], tokens, new JsonArray([.. pairs.Select(pair => pair![0]!.DeepClone())]), temperature: 0.7);
            Assert.InRange(tokens.Length, 1, 6);
            Assert.Equal((Prompts[index / 2].Length, tokens.Length), ((int)info["prompt_tokens"]!, (int)info["completion_tokens"]!));
            Assert.Equal("default", (string?)info["weight_version"]);
            Assert.Contains((string)info["finish_reason"]!["type"]!, (string[])["stop", "length"]);
        }
    }

    [Fact]
    public async Task Generate_OnePrompt_IsOneObject()
    {
        var bias = new Dictionary<string, int> { [$"{server.Engine.Tokenizer.EosId}"] = 100 };
        var response = await server.Post(
            "/generate", new { text = "The cat says", sampling_params = new { logit_bias = bias, min_new_tokens = 2 } });
        Assert.Equal(3, (int)response["meta_info"]!["completion_tokens"]!);
        Assert.Equal(server.Engine.Tokenizer.EosId, (int)response["meta_info"]!["finish_reason"]!["matched"]!);
        Assert.Equal("stop", (string?)response["meta_info"]!["finish_reason"]!["type"]);
        response = await server.Post(
            "/generate", new { input_ids = Prompts[0], sampling_params = new { max_new_tokens = 3, ignore_eos = true } });
        Assert.Equal(("length", 3), (
            (string?)response["meta_info"]!["finish_reason"]!["type"], (int)response["meta_info"]!["finish_reason"]!["length"]!));
        Assert.Null(response["meta_info"]!["output_token_logprobs"]);
    }

    [Fact]
    public async Task ModelInfo_IsThatOfTheFirstModel()
    {
        var info = (await server.Client.GetFromJsonAsync<JsonNode>("/get_model_info"))!;
        Assert.Equal((server.Options.Models[0].Folder, true, "default"), (
            (string?)info["model_path"], (bool)info["is_generation"]!, (string?)info["weight_version"]));
    }

    [Theory]
    [InlineData("/v1/completions", """{"prompt":[1],"stop_token_ids":[-1]}""", 400)]
    [InlineData("/v1/completions", """{"prompt":[1],"n":129}""", 400)]
    [InlineData("/v1/completions", """{"prompt":[[1],[2],[3]],"n":128}""", 400)]
    [InlineData("/generate", """{"sampling_params":{}}""", 400)]
    [InlineData("/generate", """{"text":"x","input_ids":[1]}""", 400)]
    [InlineData("/generate", """{"input_ids":[1],"stream":true}""", 400)]
    [InlineData("/generate", """{"input_ids":[1],"lora_path":"nobody"}""", 404)]
    [InlineData("/v1/load_lora_adapter", """{"lora_name":"x","lora_path":"y"}""", 403)]
    [InlineData("/v1/unload_lora_adapter", """{"lora_name":"adapted"}""", 403)]
    [InlineData("/update_weights_from_disk", """{"model_path":"y"}""", 403)]
    public async Task WrongRequest_IsAnError(string path, string body, int status)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(status, (await server.Refusal(path, content)).Status);
    }

    async Task<JsonNode> Greedy(object request) => (await server.Post("/v1/completions", request))["choices"]![0]!;

    static int[] Ids(JsonNode list) => [.. list.AsArray().Select(id => (int)id!)];

    void AssertLogprobs(int[] prompt, int[] tokens, JsonNode found, double temperature)
    {
        using var model = new Loaded(server.Options.Models[0].Folder);
        bool IsToken(int id) => temperature == 1 || server.Engine.Tokenizer.IdToToken(id) is not null;
        Assert.Equal(
            model.Logprobs(prompt, tokens, temperature, IsToken).Select(logprob => Math.Round(logprob, 3)),
            found.AsArray().Select(logprob => Math.Round((double)logprob!, 3)));
    }

    /// <summary>The model of a folder, which evaluates whole rows.</summary>
    sealed class Loaded(string folder) : IDisposable
    {
        readonly LanguageModel model = ModelFolder.LoadLanguageModel(folder, Device.Cpu);

        public double[] Logprobs(int[] prompt, int[] response, double temperature, Func<int, bool> isAllowed)
        {
            using var scope = TensorScope.Open();
            using var noGrad = Autograd.NoGrad();
            long[] row = [.. prompt.Concat(response).Select(id => (long)id)];
            var input = ModelInput.FromPadded(
                Tensor.From(row, 1, row.Length), Tensor.Ones([1, row.Length], DType.Bool, Device.Cpu));
            var logits = model.Logits(model.HiddenStates(input)).ToArray<float>();
            var columns = logits.Chunk(logits.Length / row.Length).ToList();
            return [.. response.Select((id, at) => Logprob(columns[prompt.Length + at - 1], id))];

            double Logprob(float[] all, int id) =>
                (all[id] / temperature) - Math.Log(all.Where((_, other) => isAllowed(other)).Sum(logit => Math.Exp(logit / temperature)));
        }

        public void Dispose() => model.Free();
    }
}
