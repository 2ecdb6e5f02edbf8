using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests.Servers;

/// <summary>A server that generates with a model in both protocols, and misbehaves where a test wants it to.</summary>
sealed class ModelServer : IDisposable
{
    readonly FakeServer server;
    readonly Lock working = new();
    LanguageModel model;
    string version = "default";
    int generations;

    public ModelServer(string folder)
    {
        (model, Tokenizer) = (Load(folder), ModelFolder.LoadTokenizer(folder));
        server = new(Answer);
    }

    public string Url => server.Url;

    public Tokenizer Tokenizer { get; set; }

    /// <summary>
    /// Gets the path of a request and its number among those for responses, from 1; the answer to give instead of the right one.
    /// </summary>
    public Func<string, int, (int Status, string Text)?> Fault { get; set; } = (_, _) => null;

    /// <summary>Changes a right answer.</summary>
    public Action<JsonNode> Change { get; set; } = _ => { };

    /// <summary>
    /// Gets the number of a streamed request for responses, from 1; after how many tokens of each response the connection is cut, and null
    /// for never.
    /// </summary>
    public Func<int, int?> CutAfter { get; set; } = _ => null;

    /// <summary>Changes the weights after they are loaded.</summary>
    public Action<LanguageModel> Spoil { get; set; } = _ => { };

    /// <summary>What the server says of its model.</summary>
    public JsonObject Description { get; } = [];

    /// <summary>Requests for responses.</summary>
    public int Generations => generations;

    /// <summary>How often weights were loaded.</summary>
    public int Loads { get; private set; }

    public IReadOnlyList<string> Requests => server.Requests;

    public IReadOnlyList<string> Calls => server.Calls;

    public void Dispose() => server.Dispose();

    static LanguageModel Load(string folder) => ModelFolder.LoadLanguageModel(folder, Device.Cpu);

    (int Status, string Text) Answer(string call, string body)
    {
        var request = body.Length > 0 ? JsonNode.Parse(body)!.AsObject() : [];
        var path = request.ContainsKey("echo") || request.ContainsKey("return_text_in_logprobs") ? "text" : call.Split(' ')[0];
        var number = path is "/v1/completions" or "/generate" ? Interlocked.Increment(ref generations) : generations;
        if (Fault(path, number) is { } fault)
            return fault;
        lock (working)
            return path switch
            {
                "/v1/models" => Ok(new JsonObject { ["data"] = new JsonArray(Described(new() { ["id"] = "base" })) }),
                "/get_model_info" => Ok(Described(new() { ["model_path"] = "base", ["weight_version"] = version })),
                "/tokenize" => Ok(new JsonObject { ["tokens"] = Ids(Tokenizer.Encode((string)request["prompt"]!)) }),
                "text" => Ok(Text(request)),
                "/v1/load_lora_adapter" => Take((string)request["lora_path"]!, "adapter"),
                "/update_weights_from_disk" => Take((string)request["model_path"]!, (string)request["weight_version"]!),
                "/v1/completions" when (bool?)request["stream"] == true => Streamed(Changed(Complete(request)), CutAfter(number)),
                "/v1/completions" => Ok(Changed(Complete(request))),
                "/generate" => Ok(Changed(Generate(request))),
                _ => (404, "no such path"),
            };
    }

    JsonObject Described(JsonObject json)
    {
        foreach (var (name, value) in Description)
            json[name] = value?.DeepClone();
        return json;
    }

    (int, string) Take(string folder, string newVersion)
    {
        (model, version) = (Load(folder), newVersion);
        Spoil(model);
        Loads++;
        return Ok(new JsonObject { ["success"] = true });
    }

    JsonNode Changed(JsonNode answer)
    {
        Change(answer);
        return answer;
    }

    /// <summary>An answer as events with a token of each response, and at last the finish reasons.</summary>
    static (int, string) Streamed(JsonNode answer, int? cutAfter)
    {
        if (answer["choices"] is not JsonArray { Count: > 0 } choices || choices.Any(choice => choice!["token_ids"] is null))
            return Ok(answer);
        var longest = choices.Max(choice => choice!["token_ids"]!.AsArray().Count);
        var events = Enumerable.Range(0, Math.Min(longest, cutAfter ?? longest)).Select(at => Event(choice =>
        {
            choice["token_ids"] = At(choice["token_ids"], at);
            choice["logprobs"]!["token_logprobs"] = At(choice["logprobs"]!["token_logprobs"], at);
            choice["finish_reason"] = null;
        })).ToList();
        if (cutAfter is not null)
            return (FakeServer.CutAfterText, string.Concat(events));
        return (200, string.Concat(events) + Event(choice =>
        {
            choice["token_ids"] = new JsonArray();
            choice.AsObject().Remove("logprobs");
        }) + "data: [DONE]\n\n");

        string Event(Action<JsonNode> change)
        {
            var part = answer.DeepClone();
            foreach (var choice in part["choices"]!.AsArray())
                change(choice!);
            return $"data: {part.ToJsonString()}\n\n";
        }

        static JsonArray At(JsonNode? list, int at) => [.. list!.AsArray().Skip(at).Take(1).Select(node => node?.DeepClone())];
    }

    JsonObject Complete(JsonObject request)
    {
        var responses = Sample(request, request["prompt"]!, "max_tokens", "min_tokens", tempered: false);
        return new()
        {
            ["choices"] = new JsonArray([.. responses.Select((response, index) => new JsonObject
            {
                ["index"] = index,
                ["text"] = "",
                ["token_ids"] = Ids(response.Tokens),
                ["logprobs"] = new JsonObject
                {
                    ["token_logprobs"] = new JsonArray([.. response.Logprobs.Select(number => (JsonNode)number)]),
                },
                ["finish_reason"] = response.Ended ? "stop" : "length",
            })]),
        };
    }

    JsonArray Generate(JsonObject request)
    {
        var responses = Sample(
            request["sampling_params"]!.AsObject(), request["input_ids"]![0]!, "max_new_tokens", "min_new_tokens", tempered: true);
        return [.. responses.Select(response => new JsonObject
        {
            ["output_ids"] = Ids(response.Tokens),
            ["meta_info"] = new JsonObject
            {
                ["finish_reason"] = new JsonObject { ["type"] = response.Ended ? "stop" : "length" },
                ["weight_version"] = version,
                ["output_token_logprobs"] = new JsonArray(
                    [.. response.Tokens.Zip(response.Logprobs, (token, number) => new JsonArray(number, token, null))]),
            },
        })];
    }

    /// <summary>The text of a prompt, with that of a new token in OpenAI's protocol.</summary>
    JsonNode Text(JsonObject request)
    {
        int[] ids = [.. (request["prompt"] ?? request["input_ids"]![0])!.AsArray().Select(id => (int)id!)];
        return request.ContainsKey("echo")
            ? new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["text"] = Tokenizer.Decode([.. ids, 5]) }) }
            : new JsonArray(new JsonObject
            {
                ["meta_info"] = new JsonObject
                {
                    ["input_token_logprobs"] = new JsonArray([.. ids.Select(id => new JsonArray(null, id, Tokenizer.Decode([id])))]),
                },
            });
    }

    /// <summary>Responses with the model's own log-probabilities, or with those at the temperature of sampling.</summary>
    IEnumerable<Response> Sample(JsonObject options, JsonNode prompt, string most, string least, bool tempered)
    {
        var sampling = new SamplingOptions
        {
            MaxNewTokens = (int)options[most]!,
            MinNewTokens = (int)options[least]!,
            Temperature = (double)options["temperature"]!,
            TopP = (double)options["top_p"]!,
            TopK = Math.Max(0, (int)options["top_k"]!),
            MinP = (double)options["min_p"]!,
            Stop = [.. (options["stop"]?.AsArray() ?? []).Select(text => (string)text!)],
        };
        var policy = new Policy(model, Tokenizer, sampling) { Critic = null };
        var seed = options["seed"] is { } given ? (ulong)(long)given : (ulong)generations;
        TokenPrompt[] prompts = [new([.. prompt.AsArray().Select(id => (int)id!)], "")];
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var rollouts = Rollouts.From(prompts, policy.Sample(prompts, seed, (int)options["n"]!), Device.Cpu);
        var logprobs = tempered ? policy.WithoutTruncation().Logprobs(rollouts) : policy.ModelLogprobs(rollouts);
        var rows = logprobs.ToArray<float>().Chunk((int)rollouts.Mask.Size(1)).ToList();
        return [.. rollouts.Completions.Select((response, row) => response with { Logprobs = rows[row][..response.Tokens.Length] })];
    }

    static JsonArray Ids(IEnumerable<int> ids) => [.. ids.Select(id => (JsonNode)id)];

    static (int, string) Ok(JsonNode answer) => (200, answer.ToJsonString());
}
