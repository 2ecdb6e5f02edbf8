using System.Text.Json.Nodes;
using Attune.Reporting.Files;
using Attune.Training.Algorithms;
using Attune.Training.Options;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Judges behind HTTP servers and chat completions, which agree, contradict themselves, fail or reply with nonsense.</summary>
public sealed class JudgeTests
{
    [Fact]
    public void Http_PairsOfAGroup_AreSentInBothOrders()
    {
        using var server = new FakeServer(_ => (200, """{"id":1,"scores":[1,1,1,0,0,1]}"""));
        using var source = new HttpReward { Url = server.Url, Compare = true }.Build(Rewarded.Context());
        var scores = source.Score(Group("a", "b", "c"));
        // a beats b, a beats c, and about b and c the judge contradicts itself: a tie.
        Assert.Equal([1, 0.25, 0.25], scores.Totals);
        Assert.True(scores.AreWinRates);
        Assert.Equal(
            """{"id":1,"prompts":["P","P","P","P","P","P"],"completions":[["a","b"],["a","c"],["b","c"],["b","a"],["c","a"],["c","b"]]}""",
            Assert.Single(server.Requests));
    }

    [Fact]
    public void Http_EqualResponses_AreATieWithoutARequest()
    {
        using var server = new FakeServer(_ => (500, ""));
        using var source = new HttpReward { Url = server.Url, Compare = true }.Build(Rewarded.Context());
        Assert.Equal([0.5, 0.5], source.Score(Group("a", "a")).Totals);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("""{"id":1,"scores":[1]}""", "scores must be a list of 2 (was 1 item)")]
    [InlineData("""{"id":1,"scores":[1,2]}""", "its answer has 2 for pair 1, which must be from 0 to 1")]
    [InlineData("first", "its answer is not JSON: first")]
    public void Http_Nonsense_IsRefused(string answer, string expected)
    {
        using var server = new FakeServer(_ => (200, answer));
        using var source = new HttpReward { Name = "jury", Url = server.Url, Compare = true }.Build(Rewarded.Context());
        var error = Assert.Throws<InvalidDataException>(() => source.Score(Group("a", "b")));
        Assert.StartsWith("the reward 'jury' failed: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Process_Judge_AnswersALine()
    {
        using var source = new ProcessReward { Command = """read line; echo '{"id":1,"scores":[0,1]}'""", Compare = true }
            .Build(Rewarded.Context());
        Assert.Equal([0, 1], source.Score(Group("a", "b")).Totals);
    }

    [Theory]
    [InlineData("1")]
    [InlineData(" \"1\".\n")]
    [InlineData("{\"verdict\": 1}")]
    [InlineData("<think>Response 2 is longer, but …</think>\n\nAnswer: 1")]
    [InlineData("**Response 1**")]
    public void OpenAi_Verdict_IsRead(string reply)
    {
        using var server = new FakeServer(body => (200, Chat(reply.Replace('1', FirstIsA(body) ? '1' : '2'))));
        using var source = Judge(server).Build(Rewarded.Context());
        Assert.Equal([1, 0], source.Score(Group("a", "b")).Totals);
        Assert.Equal(2, server.Requests.Count);
        Assert.All(server.Calls, call => Assert.Equal("/v1/chat/completions ", call));
        var request = JsonNode.Parse(server.Requests[0])!;
        Assert.Equal(("judge-1", 0), ((string?)request["model"], (int)request["temperature"]!));
    }

    [Fact]
    public void OpenAi_QuestionOfAProject_IsAskedAboutBothResponses()
    {
        using var server = new FakeServer(_ => (200, Chat("1")));
        var judge = Judge(server) with { Question = OpenAiReward.AskToCompare("Which response is less harmful?") };
        using var source = judge.Build(Rewarded.Context());
        source.Score(Group("a", "b"));
        Assert.All(server.Requests, request => Assert.Contains("Which response is less harmful? Reply with 1 or 2 only", request));
    }

    [Fact]
    public void OpenAi_JudgeThatPrefersTheFirst_GivesTies()
    {
        using var server = new FakeServer(_ => (200, Chat("1")));
        using var source = Judge(server).Build(Rewarded.Context());
        Assert.Equal([0.5, 0.5], source.Score(Group("a", "b")).Totals);
    }

    [Fact]
    public void OpenAi_ManyPairs_AreAskedSeveralAtATimeInTheirOrder()
    {
        var (open, most) = (0, 0);
        using var server = new FakeServer(body =>
        {
            var now = Interlocked.Increment(ref open);
            InterlockedMax(ref most, now);
            SpinWait.SpinUntil(() => Volatile.Read(ref most) >= 2, TimeSpan.FromSeconds(5));
            Interlocked.Decrement(ref open);
            return (200, Chat(string.CompareOrdinal(Between(body, "response1"), Between(body, "response2")) < 0 ? "1" : "2"));
        });
        using var source = (Judge(server) with { Concurrency = 3 }).Build(Rewarded.Context());
        Assert.Equal([2 / 3.0, 0, 1, 1 / 3.0], source.Score(Group("b", "d", "a", "c")).Totals);
        Assert.InRange(most, 2, 3);
    }

    [Fact]
    public void OpenAi_UnreadableVerdict_IsAskedAgainAndThenReported()
    {
        using var server = new FakeServer(_ => (200, Chat("Both are good.")));
        using var source = Judge(server).Build(Rewarded.Context());
        var error = Assert.Throws<InvalidDataException>(() => source.Score(Group("a", "b")));
        Assert.Equal(
            "the reward 'openai' failed: the model's reply must be 1, 2 or 0 (was 'Both are good.') (2 attempts)", error.Message);
    }

    [Fact]
    public void OpenAi_BusyServer_IsAskedAgain()
    {
        var asked = 0;
        using var server = new FakeServer(_ => Interlocked.Increment(ref asked) <= 1 ? (500, "busy") : (200, Chat("0")));
        using var source = Judge(server).Build(Rewarded.Context());
        Assert.Equal([0.5, 0.5], source.Score(Group("a", "b")).Totals);
        Assert.Equal(3, asked);
    }

    [Theory]
    [InlineData(401, "no key", "answered 401 Unauthorized: no key")]
    [InlineData(200, "{}", "its answer is no chat completion: {}")]
    public void OpenAi_RefusedRequest_IsReportedAtOnce(int status, string text, string expected)
    {
        using var server = new FakeServer(_ => (status, text));
        using var source = Judge(server).Build(Rewarded.Context());
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => source.Score(Group("a", "b"))).Message);
        Assert.InRange(server.Requests.Count, 1, 2);
    }

    [Fact]
    public void OpenAi_SilentServer_IsGivenUp()
    {
        using var server = new FakeServer(_ =>
        {
            Thread.Sleep(1000);
            return (200, Chat("1"));
        });
        using var source = (Judge(server) with { Timeout = 0.1, Retries = 0 }).Build(Rewarded.Context());
        Assert.Contains("did not answer within 0.1 s", Assert.Throws<InvalidDataException>(() => source.Score(Group("a", "b"))).Message);
    }

    [Theory]
    [InlineData("7.5", 7.5)]
    [InlineData("Score: 8/10", 8)]
    [InlineData("{\"score\": 3}", 3)]
    public void OpenAi_Score_IsTheNumberOfTheReply(string reply, double expected)
    {
        using var server = new FakeServer(_ => (200, Chat(reply)));
        using var source = (Judge(server) with { Compare = false }).Build(Rewarded.Context());
        var scores = source.Score(Rewarded.Rollouts("P", "a"));
        Assert.Equal([expected], scores.Totals);
        Assert.False(scores.AreWinRates);
        Assert.Contains("from 0 (worst) to 10 (best)", (string)JsonNode.Parse(server.Requests[0])!["messages"]![0]!["content"]!);
    }

    [Fact]
    public void OpenAi_ScoreOutOfRange_IsNotOne()
    {
        using var server = new FakeServer(_ => (200, Chat("11")));
        using var source = (Judge(server) with { Compare = false }).Build(Rewarded.Context());
        Assert.Contains(
            "must be a number from 0 to 10 (was '11')",
            Assert.Throws<InvalidDataException>(() => source.Score(Rewarded.Rollouts("P", "a"))).Message);
    }

    [Fact]
    public void OpenAi_KeyAndQuestion_AreThoseOfTheOptions()
    {
        const string Variable = "ATTUNE_TEST_JUDGE_KEY";
        Environment.SetEnvironmentVariable(Variable, "secret");
        using var server = new FakeServer(_ => (200, Chat("1")));
        using var source = (Judge(server) with { ApiKeyVariable = Variable, Question = "{prompt}|{response1}|{response2}|{other}" })
            .Build(Rewarded.Context());
        source.Score(Group("{response2}", "b"));
        Assert.All(server.Calls, call => Assert.EndsWith(" Bearer secret", call));
        Assert.Equal(
            ["P|b|{response2}|{other}", "P|{response2}|b|{other}"],
            server.Requests.Select(body => (string)JsonNode.Parse(body)!["messages"]![0]!["content"]!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Options_ThatCannotWork_AreRefused()
    {
        Assert.Contains("`url` must be a URL", string.Join('\n', Validation.Check(new OpenAiReward { Model = "m" })));
        Assert.Contains(
            "`question` must contain {response1} and {response2}",
            string.Join('\n', Validation.Check(new OpenAiReward { Model = "m", Url = "http://a", Compare = true, Question = "Which?" })));
        var judge = new HttpReward { Url = "http://a", Compare = true };
        Assert.Contains("`tokens` must be false with compare", string.Join('\n', Validation.Check(judge with { Tokens = true })));
        using var source = judge.Build(Rewarded.Context());
        Assert.Contains(
            "compares responses", Assert.Throws<InvalidDataException>(() => source.Score(Rewarded.Rollouts("P", "a", "b"))).Message);
    }

    /// <summary>A judge that prefers shorter texts trains each method that scores several responses, and its evaluation.</summary>
    [Theory]
    [InlineData("online-dpo")]
    [InlineData("xpo")]
    [InlineData("nash-md")]
    [InlineData("grpo")]
    [InlineData("rft")]
    public void Run_WithAJudge_ComparesHeldOutResponsesWithThoseBeforeTraining(string method)
    {
        using var runs = new TinyRuns();
        using var server = new FakeServer(ShorterIsBetter);
        var display = new RecordingDisplay();
        var recipe = (PolicyRecipe)runs.Recipe(method, "a", steps: 2);
        var judge = new HttpReward { Url = server.Url, Compare = true };
        runs.Start(method, recipe with
        {
            RewardModel = "",
            Rewards = [judge],
            GoldReward = [judge with { Name = "gold" }],
            Parameters = new() { Lora = new() { Rank = 2 } },
            Data = recipe.Data with { HeldOut = recipe.Data.Train },
            Run = recipe.Run with { EvaluateEvery = 1 },
        }, display);
        var first = JsonLinesLog.Read(Path.Combine(recipe.Run.Output, "metrics.jsonl"))
            .First(row => row.ContainsKey("eval/score"));
        Assert.Equal((0.5, 0.5), ((double)first["eval/score"]!, (double)first["eval/gold"]!));
        Assert.All(display.Steps, step => Assert.InRange(step["objective/scores"], 0, 1));
        if (method == "nash-md")
            Assert.All(display.Steps, step => Assert.Equal(step["objective/scores"], step["rewards/probabilities"], 6));
    }

    [Fact]
    public void Recipe_WithOneResponseToAPrompt_RefusesAJudge()
    {
        using var runs = new TinyRuns();
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a");
        var error = Assert.Throws<InvalidDataException>(() => runs.Start(
            "ppo", recipe with { RewardModel = "", Rewards = [new HttpReward { Url = "http://a", Compare = true }] }));
        Assert.Contains("`rewards` must not compare responses", error.Message);
    }

    [Fact]
    public void OpenAi_KeyWithALineBreak_IsBadInputThatNamesTheVariable()
    {
        const string Variable = "ATTUNE_TEST_BROKEN_KEY";
        Environment.SetEnvironmentVariable(Variable, "ab\nc");
        var options = new OpenAiReward { Url = "http://a", Model = "m", Compare = true, ApiKeyVariable = Variable };
        var error = Assert.Throws<InvalidDataException>(() => options.Build(Rewarded.Context()));
        Assert.Contains(Variable, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recipe_WithAGreedyBaseline_RefusesAJudge()
    {
        using var runs = new TinyRuns();
        var recipe = (ReinforceRecipe)runs.Recipe("reinforce", "a");
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("reinforce", recipe with
        {
            RewardModel = "",
            Rewards = [new HttpReward { Url = "http://a", Compare = true }],
            Reinforce = recipe.Reinforce with { Baseline = ReinforceBaseline.Greedy },
            Updates = recipe.Updates with { SamplesPerPrompt = 2 },
        }));
        Assert.Contains("`reinforce.baseline` must not be greedy with rewards that compare responses", error.Message);
    }

    static (int, string) ShorterIsBetter(string body)
    {
        var request = JsonNode.Parse(body)!;
        var scores = new JsonArray([.. request["completions"]!.AsArray().Select(pair => (JsonNode)
            (((string)pair![0]!).Length.CompareTo(((string)pair[1]!).Length) switch { < 0 => 1, > 0 => 0, _ => 0.5 }))]);
        return (200, new JsonObject { ["id"] = request["id"]!.DeepClone(), ["scores"] = scores }.ToJsonString());
    }

    static OpenAiReward Judge(FakeServer server) => new()
    {
        Url = server.Url, Model = "judge-1", Compare = true, ApiKeyVariable = "ATTUNE_TEST_NO_KEY", Backoff = 0.01, Retries = 1,
    };

    /// <summary>Responses to one prompt that are scored together.</summary>
    static Rollouts Group(params string[] answers) => Rewarded.Rollouts("P", answers) with { GroupSize = answers.Length };

    internal static string Chat(string reply) => new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject { ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = reply } }),
    }.ToJsonString();

    static bool FirstIsA(string body) => Between(body, "response1") == "a";

    static string Between(string body, string tag)
    {
        var text = (string)JsonNode.Parse(body)!["messages"]![0]!["content"]!;
        var start = text.IndexOf($"<{tag}>\n", StringComparison.Ordinal) + tag.Length + 3;
        return text[start..text.IndexOf($"\n</{tag}>", StringComparison.Ordinal)];
    }

    static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = most) < value)
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
