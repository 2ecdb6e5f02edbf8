using Attune.Data;
using Attune.Testing;
using Attune.Training.Environments;
using Microsoft.Extensions.AI;

namespace Attune.Training.Tests.Environments;

/// <summary>Environments and tools in other programs, written as shell scripts.</summary>
public sealed class RemoteEnvironmentTests : IDisposable
{
    /// <summary>Appends its input to the file "seen", and answers with the id and the text of the test.</summary>
    const string Answering = """
        while read -r line; do
          echo "$line" >> seen
          id=${line#*:}; id=${id%%,*}
          echo "{\"id\":$id,ANSWER}"
        done
        """;

    const string McpServer = """
        while read -r line; do
          id=$(echo "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
          case "$line" in
            *'"initialize"'*)
              result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"test","version":"1"}}';;
            *'"tools/list"'*)
              result='{"tools":[{"name":"greet","description":"Greets.","inputSchema":{"type":"object"}},'
              result="$result"'{"name":"other","inputSchema":{"type":"object"}}]}';;
            *'"tools/call"'*) result='{"content":[{"type":"text","text":"hello Ann"}]}';;
            *) continue;;
          esac
          echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$result}"
        done
        """;

    readonly TemporaryFolder folder = new();
    readonly List<IDisposable> owned = [];

    public void Dispose()
    {
        owned.ForEach(connection => connection.Dispose());
        folder.Dispose();
    }

    [Fact]
    public async Task Reply_ProcessEnvironment_SendsEpisodesAndReadsReplies()
    {
        var replies = await Reply("\\\"replies\\\":[{\\\"text\\\":\\\"moo\\\"},{\\\"reward\\\":2.5,\\\"end\\\":true}]");
        Assert.Equal(("moo", false, 0.0), (replies[0].Text, replies[0].Ends, replies[0].Reward));
        Assert.Equal((true, 2.5), (replies[1].Ends, replies[1].Reward));
        Assert.Equal(
            """{"id":1,"episodes":[{"prompt":"p","seed":7,"turns":["a","b"],"replies":["r"],"answer":[1]},"""
                + """{"prompt":"p","seed":8,"turns":["a","b"],"replies":["r"],"answer":[1]}]}""",
            File.ReadAllText(folder.File("seen")).Trim());
    }

    [Theory]
    [InlineData("\\\"replies\\\":[]", "replies must be a list of 2")]
    [InlineData("\\\"replies\\\":[{\\\"text\\\":5},{}]", "the text of reply 0 must be a text")]
    [InlineData("\\\"replies\\\":[{\\\"text\\\":\\\"a\\\"},{\\\"text\\\":\\\"\\\"}]", "reply 1 must have a text, or end: true")]
    [InlineData("\\\"replies\\\":[{\\\"reward\\\":\\\"high\\\"},{}]", "the reward of reply 0 must be a finite number")]
    [InlineData("\\\"scores\\\":[1,2]", "there must be an object with id and replies")]
    [InlineData("\\\"replies\\\":[{\\\"text\\\":\\\"\\\\ud83d\\\"},{\\\"end\\\":true}]", "half of a surrogate pair")]
    public async Task Reply_WrongAnswer_IsBadInput(string answer, string expected)
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Reply(answer));
        Assert.StartsWith("the environment 'game' failed: in its answer ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invoke_ProcessTool_SendsNameAndArguments()
    {
        var tool = Tool("\\\"result\\\":{\\\"sum\\\":5}");
        Assert.Equal("""{"sum":5}""", ToolCalls.ToText(await Invoke(tool)));
        Assert.Equal("""{"id":1,"name":"add","arguments":{"a":"2"}}""", File.ReadAllText(folder.File("seen")).Trim());
        Assert.Equal(
            """{"type":"object","properties":{"a":{"type":"string","description":"a number"}},"required":["a"]}""",
            tool.JsonSchema.GetRawText());
    }

    [Fact]
    public async Task Invoke_ProcessToolThatReportsAnError_Throws()
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Invoke(Tool("\\\"error\\\":\\\"too large\\\"")));
        Assert.Equal("too large", error.Message);
    }

    [Fact]
    public async Task Invoke_ProcessToolThatCannotBeStarted_IsNoticedOnce()
    {
        var notices = new List<string>();
        var options = new ProcessTool { Command = "exit 3", Folder = folder.Path, Name = "add" };
        var tool = options.Connect(owned, Context with { Say = notices.Add }).Single();
        for (var call = 0; call < 2; call++)
            await Assert.ThrowsAsync<IOException>(() => Invoke(tool));
        Assert.StartsWith("the tool 'add' failed; the model reads the error", notices.Single(), StringComparison.Ordinal);
        Assert.Contains("the command `exit 3` ended with exit code 3", notices.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_ToolsOfTheSameName_IsBadInput()
    {
        var tool = new ProcessTool { Command = "cat", Name = "echo" };
        var options = new EpisodeOptions { Tools = [tool, tool] };
        var error = Assert.Throws<InvalidDataException>(() => options.Connect(Context, []));
        Assert.Equal("`episodes.tools` must have tools with different names: 2 are called 'echo'", error.Message);
    }

    [Fact]
    public async Task Connect_McpServer_HasItsTools()
    {
        folder.Write("server.sh", McpServer.ReplaceLineEndings("\n"));
        var options = new McpTools { Command = "sh server.sh", Folder = folder.Path, Names = ["greet"] };
        var tool = options.Connect(owned, Context).Single();
        Assert.Equal(("greet", "Greets."), (tool.Name, tool.Description));
        Assert.Contains("hello Ann", ToolCalls.ToText(await Invoke(tool)), StringComparison.Ordinal);
        var error = Assert.Throws<InvalidDataException>(() => (options with { Names = ["gret"] }).Connect(owned, Context));
        Assert.Equal("the MCP server `sh server.sh` has no tool 'gret'; it has greet, other", error.Message);
    }

    [Fact]
    public void Connect_McpServerThatEnds_IsBadInput()
    {
        var options = new McpTools { Command = "exit 3", Folder = folder.Path };
        var error = Assert.Throws<InvalidDataException>(() => options.Connect(owned, Context));
        Assert.StartsWith("the MCP server `exit 3` cannot be used: ", error.Message, StringComparison.Ordinal);
    }

    static EnvironmentContext Context => new(Episodes.Tokenizer) { ToolTimeout = TimeSpan.FromSeconds(20) };

    static async Task<object?> Invoke(AIFunction tool) =>
        await tool.InvokeAsync(new(new Dictionary<string, object?> { ["a"] = "2" }), TestContext.Current.CancellationToken);

    AIFunction Tool(string answer)
    {
        folder.Write("answer.sh", Answering.ReplaceLineEndings("\n").Replace("ANSWER", answer, StringComparison.Ordinal));
        return new ProcessTool
        {
            Command = "sh answer.sh",
            Folder = folder.Path,
            Name = "add",
            Parameters = new Dictionary<string, string> { ["a"] = "a number" },
        }.Connect(owned, Context).Single();
    }

    async Task<IReadOnlyList<Reply>> Reply(string answer)
    {
        folder.Write("answer.sh", Answering.ReplaceLineEndings("\n").Replace("ANSWER", answer, StringComparison.Ordinal));
        using var environment = new ProcessEnvironment
        {
            Name = "game", Command = "sh answer.sh", Folder = folder.Path, Fields = ["answer"], Retries = 0,
        }.Build(Context);
        return await environment.ReplyAsync([Episode(7), Episode(8)], TestContext.Current.CancellationToken);
    }

    static Episode Episode(ulong seed)
    {
        var row = new Row(new("data.jsonl", 1), System.Text.Json.JsonElement.Parse("""{"answer":[1]}"""));
        var episode = new Episode(new([1], "p") { Row = row }, seed);
        episode.Add(new Turn("a", "a"));
        episode.Add(new Reply("r"));
        episode.Add(new Turn("b", "b"));
        return episode;
    }
}
