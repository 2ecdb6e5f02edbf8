using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Testing.Models;
using Attune.Text.Trainers;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;
using Attune.Training.Servers;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests.Servers;

/// <summary>Responses from servers that answer, and from servers that do not.</summary>
public sealed class ServerGeneratorTests : IDisposable
{
    static readonly TokenPrompt[] Prompts = [new([5, 6, 7], ""), new([8, 9], ""), new([10], ""), new([11, 12], "")];

    readonly TinyRuns runs = new();
    readonly LanguageModel model;
    readonly RecordingDisplay display = new();
    readonly Run run;
    readonly ModelServer server;

    public ServerGeneratorTests()
    {
        model = ModelFolder.LoadLanguageModel(runs.Teacher, Device.Cpu);
        run = new(new() { Output = runs.PathTo("run"), Device = "cpu", Seed = 5 }, display);
        server = new(runs.Teacher);
    }

    public void Dispose()
    {
        server.Dispose();
        run.Dispose();
        runs.Dispose();
    }

    public static TheoryData<RolloutProtocol> Protocols => [RolloutProtocol.Openai, RolloutProtocol.Sglang];

    [Theory, MemberData(nameof(Protocols))]
    public void Respond_Greedily_GivesTheTokensOfThisProcess(RolloutProtocol protocol)
    {
        var policy = NewPolicy(new() { MaxNewTokens = 8 });
        using var generator = Connect(protocol);
        using var scope = TensorScope.Open();
        var own = policy.RespondGreedily(Prompts, run.Random);
        var served = NewPolicy(new() { MaxNewTokens = 8 }, generator).RespondGreedily(Prompts, run.Random);
        Assert.Equal(own.Tokens, served.Tokens);
        Assert.Equal(own.Completions.Select(response => response.Ended), served.Completions.Select(response => response.Ended));
        Assert.All(
            own.Completions.Zip(served.Completions), pair => Assert.Equal(pair.First.Logprobs.Length, pair.Second.Logprobs.Length));
    }

    [Fact]
    public void Generate_StopString_EndsAResponse()
    {
        var sampled = NewPolicy(new() { MaxNewTokens = 8 }).Sample(Prompts[..1], seed: 3)[0];
        var stop = TinyData.Tokenizer.Decode([sampled.Tokens[0], sampled.Tokens[1]]);
        var policy = new SamplingOptions { MaxNewTokens = 8, Temperature = 0, Stop = [stop] };
        using var generator = Connect();
        var response = Assert.Single(generator.Generate([Prompts[0].Tokens], policy, run.Random));
        Assert.Equal(NewPolicy(policy).RespondGreedily(Prompts[..1], run.Random).Completions[0].StopString, response.StopString);
    }

    public static TheoryData<string> Faults =>
    [
        "500", "503", "cut", "slow", "garbage", "empty", "other JSON", "too few", "no log-probabilities", "too many tokens",
        "a token too much after the end", "aborted", "short", "a log-probability above 0", "NaN",
    ];

    [Theory, MemberData(nameof(Faults))]
    public void Generate_AFaultThatPasses_IsRetried(string fault)
    {
        Misbehave(fault, number => number <= 2);
        using var generator = Connect(options: Quick with { Timeout = TimeoutFor(fault) });
        var responses = Sample(generator);
        Assert.Equal(Prompts.Length * 2, responses.Count);
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout is sent again: ", StringComparison.Ordinal)
            || notice.StartsWith("a rollout continues after the ", StringComparison.Ordinal));
        Assert.All(responses, response => Assert.Equal(response.Tokens.Length, response.Logprobs.Length));
    }

    [Theory, MemberData(nameof(Faults))]
    public void Generate_AFaultThatLasts_IsOneMessageSoon(string fault)
    {
        Misbehave(fault, _ => true);
        using var generator = Connect(options: Quick with { Timeout = TimeoutFor(fault), Retries = 1 });
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<InvalidDataException>(() => Sample(generator));
        Assert.StartsWith("no rollout server answered: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:", error.Message, StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 8);
    }

    [Fact]
    public void Generate_AServerThatDiesInTheMiddle_ContinuesOnAnotherOne()
    {
        var whole = Greedily(Quick);
        using var other = new ModelServer(runs.Teacher);
        server.CutAfter = _ => 3;
        var before = server.Requests.Count;
        var continued = Greedily(Quick with { Servers = [server.Url, other.Url], Retries = 1 });
        Assert.Equal(whole.Select(response => response.Tokens), continued.Select(response => response.Tokens));
        Assert.All(whole.Zip(continued), pair => Assert.All(
            pair.First.Logprobs.Zip(pair.Second.Logprobs), numbers => Assert.Equal(numbers.First, numbers.Second, 1e-4)));
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout continues after the 3 tokens", StringComparison.Ordinal));
        var requests = server.Requests.Skip(before).Concat(other.Requests).Select(text => JsonNode.Parse(text.Length > 0 ? text : "{}")!)
            .Where(request => request["stream"] is not null && request["prompt"] is JsonArray).ToList();
        Assert.Contains(requests, request => (int)request["max_tokens"]! == 5 && Ids(request["prompt"]!).SequenceEqual(
            [.. Prompts[0].Tokens, .. whole[0].Tokens[..3]]));
    }

    [Fact]
    public void Generate_SamplesThatAreCut_AreContinuedOneByOne()
    {
        server.CutAfter = number => number <= Prompts.Length ? 2 : null;
        using var generator = Connect(options: Quick);
        var responses = Sample(generator);
        Assert.Equal(Prompts.Length * 2, responses.Count);
        Assert.InRange(server.Generations, Prompts.Length + 1, Prompts.Length * 3);
        Assert.True(responses.Chunk(2).Any(pair => !pair[0].Tokens.SequenceEqual(pair[1].Tokens)), "the samples have seeds of their own");
    }

    [Fact]
    public void Generate_AStreamThatIsCutAfterTooManyTokens_EndsTheResponseAtTheLimit()
    {
        var whole = Greedily(Quick);
        server.Change = answer =>
        {
            var choice = answer["choices"]![0]!;
            choice["token_ids"]!.AsArray().Add(5);
            choice["logprobs"]!["token_logprobs"]!.AsArray().Add(-1);
        };
        server.CutAfter = _ => whole.Max(response => response.Tokens.Length) + 1;
        Assert.Equal(whole.Select(response => response.Tokens), Greedily(Quick).Select(response => response.Tokens));
    }

    [Fact]
    public void Generate_AStopStringAcrossACut_EndsTheResponse()
    {
        var tokens = Greedily(Quick)[0].Tokens;
        var stop = TinyData.Tokenizer.Decode(tokens.AsSpan(0, 4));
        server.CutAfter = number => number > Prompts.Length && number % 2 == 1 ? 3 : null;
        using var generator = Connect(options: Quick);
        var response = Assert.Single(generator.Generate(
            [Prompts[0].Tokens], new() { MaxNewTokens = 8, Temperature = 0, Stop = [stop] }, run.Random));
        Assert.Equal(tokens[..4], response.Tokens);
        Assert.Equal(stop, response.StopString);
        Assert.True(response.Ended);
    }

    [Fact]
    public void Generate_AResponseThatSglangAborted_Continues()
    {
        var whole = Greedily(Quick, RolloutProtocol.Sglang);
        var answers = 0;
        server.Change = answer =>
        {
            if (answers++ > 0)
                return;
            var meta = answer[0]!["meta_info"]!;
            meta["finish_reason"]!["type"] = "abort";
            var tokens = meta["output_token_logprobs"]!.AsArray();
            while (tokens.Count > 2)
                tokens.RemoveAt(2);
        };
        var continued = Greedily(Quick, RolloutProtocol.Sglang);
        Assert.Equal(whole.Select(response => response.Tokens), continued.Select(response => response.Tokens));
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout continues after the 2 tokens", StringComparison.Ordinal));
    }

    [Fact]
    public void Generate_WithoutStreams_SendsARequestAgain()
    {
        server.Fault = (path, at) => path == "/v1/completions" && at == 1 ? (FakeServer.CutAfterText, """{"choices":[""") : null;
        using var generator = Connect(options: Quick with { Stream = false });
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout is sent again: ", StringComparison.Ordinal));
        Assert.All(server.Requests.Where(text => text.Contains("return_token_ids", StringComparison.Ordinal)),
            text => Assert.Contains("\"stream\":false", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Generate_WeightsThatTheServerDoesNotTake_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/update_weights_from_disk" ? (200, """{"success":true}""") : null;
        using var generator = Connect(RolloutProtocol.Sglang, Quick with { Retries = 1 });
        var error = Assert.Throws<InvalidDataException>(() => Sample(generator));
        Assert.Matches("must be sampled with the weights [0-9a-f]{8}-1 \\(was sampled with default\\)", error.Message);
    }

    [Fact]
    public void Generate_AServerThatRefusesWeights_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/update_weights_from_disk" ? (200, """{"success":false,"message":"no such folder"}""") : null;
        using var generator = Connect(RolloutProtocol.Sglang, Quick);
        Assert.Contains(
            "no such folder", Assert.Throws<InvalidDataException>(() => Sample(generator)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":"no key"}""", 401)]
    [InlineData("""{"error":"max_tokens is too large"}""", 400)]
    public void Generate_ARefusal_IsNotRetried(string answer, int status)
    {
        server.Fault = (path, _) => path == "/v1/completions" ? (status, answer) : null;
        using var generator = Connect(options: Quick with { Concurrency = 1 });
        var error = Assert.Throws<InvalidDataException>(() => Sample(generator));
        Assert.Contains(answer, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, server.Generations);
    }

    [Fact]
    public void Connect_NoServer_IsOneMessage()
    {
        server.Dispose();
        var error = Assert.Throws<InvalidDataException>(() => Connect());
        Assert.StartsWith($"rollout.servers: {server.Url[..^3]}/v1/models cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_AServerOfAnotherKind_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/get_model_info" ? (404, "nothing here") : null;
        var error = Assert.Throws<InvalidDataException>(() => Connect(RolloutProtocol.Sglang));
        Assert.Contains("answered 404", error.Message, StringComparison.Ordinal);
        Assert.Contains("rollout.protocol", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_ASmallerVocabulary_IsRefused()
    {
        server.Description["vocab_size"] = 20;
        var error = Assert.Throws<InvalidDataException>(() => Connect());
        Assert.Contains(
            "has another tokenizer than the policy: its vocabulary has 20 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_OtherTokensOfAText_IsRefused()
    {
        server.Fault = (path, _) => path == "/tokenize" ? (200, """{"tokens":[1,2,3]}""") : null;
        var error = Assert.Throws<InvalidDataException>(() => Connect());
        Assert.Contains("a text has the tokens 1 2 3 there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_AServerThatCannotTokenize_IsUsed()
    {
        CannotTokenize();
        using var generator = Connect();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
    }

    [Theory, MemberData(nameof(Protocols))]
    public void Connect_OtherTextOfTokens_IsRefused(RolloutProtocol protocol)
    {
        CannotTokenize();
        server.Tokenizer = BytePairTrainer.Train(
            Enumerable.Repeat("zip zap zebra zoom", 9), new() { VocabularySize = 300, MinFrequency = 2 });
        var error = Assert.Throws<InvalidDataException>(() => Connect(protocol));
        Assert.Matches(
            "another tokenizer than the policy: the token id [0-9]+ is \"[a-zA-Z]+\" here, and a text that begins with \".*\" there",
            error.Message);
    }

    [Theory]
    [InlineData(400, "echo must be false")]
    [InlineData(200, """{"choices":[{"text":" a"}]}""")]
    [InlineData(200, """{"choices":[{}]}""")]
    public void Connect_AServerThatDoesNotReturnThePrompt_IsUsed(int status, string answer)
    {
        CannotTokenize();
        var calls = 0;
        var tokenize = server.Fault;
        server.Fault = (path, at) => path == "text" && ++calls > 0 ? (status, answer) : tokenize(path, at);
        using var generator = Connect();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Connect_AServerThatTellsItsVocabulary_IsNotAskedForTexts()
    {
        server.Description["vocab_size"] = TinyData.Tokenizer.VocabularySize;
        server.Fault = (path, _) => path == "text" ? throw new InvalidOperationException("asked") : null;
        using var generator = Connect();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(-1)]
    public void Generate_ATokenThatThePolicyDoesNotHave_IsRefused(int token)
    {
        server.Change = answer => answer["choices"]![0]!["token_ids"]![0] = token;
        using var generator = Connect(options: Quick);
        Assert.Contains(
            $"has another model or tokenizer than the policy: it sampled the token id {token}",
            Assert.Throws<InvalidDataException>(() => Sample(generator)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_OneOfTwoServersDown_UsesTheOther()
    {
        using var other = new ModelServer(runs.Teacher);
        var isDown = true;
        other.Fault = (path, _) => isDown && path == "/v1/completions" ? (FakeServer.CutConnection, "") : null;
        using var generator = Connect(options: Quick with { Servers = [server.Url, other.Url] });
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.Equal(Prompts.Length, server.Generations);
        var loadsBefore = other.Loads;
        isDown = false;
        Thread.Sleep(200);                                        // the pause of a server that failed
        var before = other.Generations;
        Sample(generator);
        Assert.True(other.Generations > before, "the server is used again");
        Assert.Equal(loadsBefore + 1, other.Loads);
    }

    [Fact]
    public void Generate_ASlowServer_GetsFewerPrompts()
    {
        using var slow = new ModelServer(runs.Teacher);
        slow.Fault = (path, _) =>
        {
            if (path == "/v1/completions")
                Thread.Sleep(300);
            return null;
        };
        using var generator = Connect(options: Quick with { Servers = [server.Url, slow.Url], Concurrency = 1 });
        Assert.Equal(12, generator.Generate(
            [.. Enumerable.Range(5, 12).Select(id => (int[])[id])], new() { MaxNewTokens = 4 }, run.Random).Count);
        Assert.InRange(slow.Generations, 1, 4);
    }

    [Fact]
    public void Generate_TooManyRequests_WaitsAsLongAsTheServerAsks()
    {
        server.Fault = (path, at) => path == "/v1/completions" && at <= 4 ? (429, "later") : null;
        using var generator = Connect(options: Quick with { Retries = 0 });
        var clock = Stopwatch.StartNew();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 8);       // the double asks for a second
        Assert.Equal(1, server.Loads);
        Assert.Empty(display.Notices);
    }

    [Fact]
    public void Generate_AlwaysTooManyRequests_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/v1/completions" ? (429, "later") : null;
        using var generator = Connect(options: Quick with { Timeout = 1, Retries = 0 });
        Assert.Contains(
            "answered 429", Assert.Throws<InvalidDataException>(() => Sample(generator)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_Cancelled_Ends()
    {
        server.Fault = (path, _) =>
        {
            if (path == "/v1/completions")
                Thread.Sleep(6000);
            return null;
        };
        using var generator = Connect();
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var clock = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(
            () => generator.Generate([[5]], new() { MaxNewTokens = 4 }, run.Random, 1, source.Token));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public void Requests_HaveTheKeyTheTokensAndTheOptions()
    {
        Environment.SetEnvironmentVariable("ROLLOUT_TEST_KEY", "secret");
        using var generator = Connect(options: Quick with { ApiKeyVariable = "ROLLOUT_TEST_KEY" });
        generator.Generate(
            [[5, 6]], new() { MaxNewTokens = 7, MinNewTokens = 2, Temperature = 0.5, TopK = 9, TopP = 0.75, MinP = 0.1 }, run.Random, 3);
        Assert.All(server.Calls, call => Assert.EndsWith("Bearer secret", call, StringComparison.Ordinal));
        var request = JsonNode.Parse(server.Requests[^1])!.AsObject();
        request.Remove("seed");
        Assert.Equal(
            """
            {"model":"base","prompt":[5,6],"n":3,"max_tokens":7,"min_tokens":2,"temperature":0.5,"top_p":0.75,"top_k":9,"min_p":0.1,
            "stop_token_ids":[0],"logprobs":0,"return_token_ids":true,"stream":true}
            """.ReplaceLineEndings(""), request.ToJsonString());
    }

    void CannotTokenize() => server.Fault = (path, _) => path == "/tokenize" ? (404, "") : null;

    static RolloutOptions Quick => new() { Timeout = 20, Backoff = 0.02, Retries = 4 };

    static double TimeoutFor(string fault) => fault == "slow" ? 1 : Quick.Timeout;

    ServerGenerator Connect(RolloutProtocol protocol = RolloutProtocol.Openai, RolloutOptions? options = null)
    {
        options ??= new();
        options = options with { Engine = RolloutEngine.Server, Protocol = protocol };
        return ServerGenerator.Connect(
            options.Servers.Count > 0 ? options : options with { Servers = [server.Url] }, model, runs.Teacher, TinyData.Tokenizer,
            TrainedParameters.Select(model, new(), seed: 1), run, CancellationToken.None);
    }

    IReadOnlyList<Response> Sample(ServerGenerator generator) => generator.Generate(
        [.. Prompts.Select(prompt => prompt.Tokens)], new() { MaxNewTokens = 6 }, run.Random, samples: 2);

    IReadOnlyList<Response> Greedily(RolloutOptions options, RolloutProtocol protocol = RolloutProtocol.Openai)
    {
        using var generator = Connect(protocol, options with { Backoff = 0.02 });
        return generator.Generate([.. Prompts.Select(prompt => prompt.Tokens)], new() { MaxNewTokens = 8, Temperature = 0 }, run.Random);
    }

    static IEnumerable<int> Ids(JsonNode list) => list.AsArray().Select(id => (int)id!);

    Policy NewPolicy(SamplingOptions sampling, ITextGenerator? generator = null) =>
        new(model, TinyData.Tokenizer, sampling) { Critic = null, Generator = generator };

    /// <summary>Answers wrongly, or not at all, to requests for responses with some numbers.</summary>
    void Misbehave(string fault, Func<int, bool> isWrong)
    {
        var answers = 0;
        (int, string)? answer = fault switch
        {
            "cut" => (FakeServer.CutConnection, ""),
            "garbage" => (200, "<html>it works"),
            "empty" => (200, ""),
            "other JSON" => (200, """{"choices":[{"text":"hello"}]}"""),
            "500" or "503" => (int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), "later"),
            _ => null,
        };
        server.Fault = (path, at) =>
        {
            if (path != "/v1/completions")
                return null;
            if (fault == "slow" && isWrong(at))
                Thread.Sleep(1200);
            return isWrong(at) ? answer : null;
        };
        server.Change = json =>
        {
            if (!isWrong(++answers))
                return;
            var choices = json["choices"]!.AsArray();
            var (first, ids) = (choices[0]!, choices[0]!["token_ids"]!.AsArray());
            var logprobs = first["logprobs"]!["token_logprobs"]!.AsArray();
            switch (fault)
            {
                case "too few":
                    choices.RemoveAt(0);
                    break;
                case "no log-probabilities":
                    logprobs.Clear();
                    break;
                case "too many tokens":
                    for (var i = 0; i < 9; i++)
                        ids.Add(5);
                    break;
                case "a token too much after the end":
                    first["token_ids"] = new JsonArray(0, 5);
                    first["logprobs"]!["token_logprobs"] = new JsonArray(-1, -1);
                    first["finish_reason"] = "length";
                    break;
                case "aborted":
                    first["token_ids"] = new JsonArray(5);
                    first["logprobs"]!["token_logprobs"] = new JsonArray(-1);
                    first["finish_reason"] = "abort";
                    break;
                case "short":
                    first["token_ids"] = new JsonArray(5);
                    first["logprobs"]!["token_logprobs"] = new JsonArray(-1);
                    first["finish_reason"] = "length";
                    break;
                case "a log-probability above 0":
                    logprobs[0] = 0.5;
                    break;
                case "NaN":
                    logprobs[0] = null;
                    break;
                default:
                    break;
            }
        };
    }
}
