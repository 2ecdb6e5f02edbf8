using System.Diagnostics;
using System.Text.Json;
using Attune.Testing;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Child processes, written as shell scripts, that answer, answer nonsense, hang or die.</summary>
public sealed class ProcessRewardTests : IDisposable
{
    /// <summary>Appends its input to the file "seen", and answers with the id and the scores of the script.</summary>
    const string Answering = """
        while read -r line; do
          echo "$line" >> seen
          id=${line#*:}; id=${id%%,*}
          echo "{\"id\":$id,\"scores\":SCORES}"
        done
        """;

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void OneLineGoesInAndOneComesBack()
    {
        using var source = Source(Answering.Replace("SCORES", "[1.5, -2]", StringComparison.Ordinal));
        Assert.Equal([1.5, -2], source.Score(Two).Totals);
        Assert.Equal([1.5, -2], source.Score(Two).Totals);
        var lines = File.ReadAllLines(folder.File("seen"));
        Assert.Equal(["""{"id":1,"prompts":["The cat says","The cat says"],"completions":[" meow"," woof."]}""", """{"id":2,"""],
            [lines[0], lines[1][..8]]);
    }

    [Fact]
    public void TokensGetNumbersOfTheirOwn()
    {
        var count = Rewarded.Tokens(" meow");
        var dense = string.Join(',', Enumerable.Range(0, count));
        using var source =
            Source(Answering.Replace("SCORES", $"[[{dense}], 7]", StringComparison.Ordinal), options => options with { Tokens = true });
        var scores = source.Score(Two);
        Assert.Equal(Enumerable.Range(0, count).Select(i => (double)i), scores.Rows[0]);
        Assert.Equal([7], scores.Rows[1]);
        var tokens = JsonElement.Parse(File.ReadAllText(folder.File("seen"))).GetProperty("tokens");
        Assert.Equal(count, tokens[0].GetArrayLength());
        Assert.StartsWith(" meow", string.Concat(tokens[0].EnumerateArray().Select(token => token.GetString())), StringComparison.Ordinal);
    }

    [Fact]
    public void FieldsOfTheRowsAreSentAlong()
    {
        var rollouts = Two with
        {
            Prompts = [.. Two.Prompts.Select(
                prompt => prompt with { Row = new(new("a", 1), JsonElement.Parse("""{"answer":["x",1]}""")) })],
        };
        using var source =
            Source(Answering.Replace("SCORES", "[0,0]", StringComparison.Ordinal), options => options with { Fields = ["answer"] });
        source.Score(rollouts);
        Assert.EndsWith(""","answer":[["x",1],["x",1]]}""", File.ReadAllLines(folder.File("seen"))[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("its answer is not JSON: Loading the model", "read -r x; echo Loading the model")]
    [InlineData("its answer is not JSON: an empty line", "read -r x; echo")]
    [InlineData("its answer is not JSON", "read -r x; echo '{\"id\":1,\"scores\":[NaN,1]}'")]
    [InlineData("its answer is not JSON", "read -r x; head -c 300000 /dev/urandom | tr -d '\\n'; echo")]
    [InlineData("there must be an object with id and scores", "read -r x; echo '{\"id\":1}'")]
    [InlineData("there must be an object with id and scores", "read -r x; echo '[1,2]'")]
    [InlineData("id must be 1, that of the request (was 2)", "read -r x; echo '{\"id\":2,\"scores\":[1,2]}'")]
    [InlineData("id must be 1, that of the request (was \"1\")", "read -r x; echo '{\"id\":\"1\",\"scores\":[1,2]}'")]
    [InlineData("scores must be a list of 2 (was 3 items)", "read -r x; echo '{\"id\":1,\"scores\":[1,2,3]}'")]
    [InlineData("scores must be a list of 2 (was null)", "read -r x; echo '{\"id\":1,\"scores\":null}'")]
    [InlineData(
        "its answer has true for completion 1, which must be a finite number or null", "read -r x; echo '{\"id\":1,\"scores\":[1,true]}'")]
    [InlineData("its answer has \"NaN\" for completion 0", "read -r x; echo '{\"id\":1,\"scores\":[\"NaN\",1]}'")]
    [InlineData("its answer has 1e999 for completion 0", "read -r x; echo '{\"id\":1,\"scores\":[1e999,1]}'")]
    [InlineData("its answer has 99 numbers for completion 0, which has", "read -r x; echo '{\"id\":1,\"scores\":[['$(seq -s, 99)'],1]}'")]
    public void WrongAnswersAreRefusedOnceAndByName(string expected, string script)
    {
        var clock = Stopwatch.StartNew();
        using var source = Source("echo started >> starts\n" + script, options => options with { Retries = 5 });
        var error = Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message;
        Assert.StartsWith("the reward 'judge' failed: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.True(error.Length < 600, $"the message has {error.Length} characters");
        Assert.Single(File.ReadAllLines(folder.File("starts")));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void AnAnswerWithoutEndIsRefused()
    {
        using var source = Source("read -r x; cat /dev/zero", options => options with { Timeout = 60 });
        Assert.Contains(
            "its answer has more than 67108864 bytes", Assert.Throws<InvalidDataException>(() =>
            source.Score(Two)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AChildThatDiesIsStartedAgainUpToTheRetries()
    {
        using var source =
            Source("echo started >> starts; echo out of memory >&2; read -r x; exit 3", options => options with { Retries = 2 });
        var error = Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message;
        Assert.Contains(
            "ended with exit code 3 and did not answer; its last lines on stderr:\n  out of memory", error, StringComparison.Ordinal);
        Assert.Contains("(3 attempts)", error, StringComparison.Ordinal);
        Assert.Equal(3, File.ReadAllLines(folder.File("starts")).Length);
    }

    [Fact]
    public void AChildThatDiesOnceIsNoFailure()
    {
        var said = new List<string>();
        folder.Write("child.sh", "[ -e dead ] || { touch dead; exit 1; }\n"
            + Answering.Replace("SCORES", "[1,2]", StringComparison.Ordinal));
        using var source = new ProcessReward { Command = "sh child.sh", Folder = folder.Path, Backoff = 0.01 }.Build(
            Rewarded.Context() with { Say = said.Add });
        Assert.Equal([1, 2], source.Score(Two).Totals);
        Assert.StartsWith(
            "the reward 'process' is retried: the command `sh child.sh` ended with exit code 1", Assert.Single(said),
            StringComparison.Ordinal);
    }

    [Fact]
    public void AChildThatKeepsSilentIsEnded()
    {
        using var source = Source("echo $$ > pid; sleep 300 & wait", options => options with { Timeout = 0.3, Retries = 0 });
        Assert.Contains(
            "did not answer within 0.3 s", Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message, StringComparison.Ordinal);
        AssertIsGone();
    }

    [Fact]
    public void MegabytesThatNobodyReadsBlockNothing()
    {
        var many = Rewarded.Rollouts(new string('x', 40_000), [.. Enumerable.Repeat(" meow", 20)]);         // more than a pipe holds
        using var source = Source("sleep 300", options => options with { Timeout = 0.3, Retries = 0 });
        Assert.Contains(
            "did not answer within", Assert.Throws<InvalidDataException>(() => source.Score(many)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MuchOnStderrIsReadAndItsEndIsKept()
    {
        using var source = Source("seq 1 200000 >&2; exit 1", options => options with { Retries = 0 });
        var error = Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message;
        Assert.Contains("\n  199999\n  200000", error, StringComparison.Ordinal);
        Assert.True(error.Length < 600);
    }

    [Fact]
    public void TheChildEndsWithTheSource()
    {
        var source = Source("echo $$ > pid\n" + Answering.Replace("SCORES", "[1,2]", StringComparison.Ordinal));
        source.Score(Two);
        source.Dispose();
        AssertIsGone();
    }

    [Fact]
    public void ACommandThatIsNotThereIsSaid()
    {
        using var source = new ProcessReward { Command = "no-such-program-here", Retries = 0 }.Build(Rewarded.Context());
        Assert.Contains(
            "no-such-program-here", Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message, StringComparison.Ordinal);
        using var lost = new ProcessReward { Command = "true", Folder = folder.File("nowhere"), Retries = 0 }.Build(Rewarded.Context());
        Assert.Contains(
            "cannot be started in", Assert.Throws<InvalidDataException>(() => lost.Score(Two)).Message, StringComparison.Ordinal);
    }

    /// <summary>The process that wrote its id ends after a while; a zombie process has ended.</summary>
    void AssertIsGone()
    {
        var status = $"/proc/{File.ReadAllText(folder.File("pid")).Trim()}/status";
        Assert.True(SpinWait.SpinUntil(() => !IsAlive(status), TimeSpan.FromSeconds(10)), "the child is still there");
    }

    static bool IsAlive(string status)
    {
        try
        {
            return !File.ReadAllText(status).Contains("State:\tZ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    static Rollouts Two => Rewarded.Rollouts("The cat says", " meow", " woof.");

    IRewardSource Source(string script, Func<ProcessReward, ProcessReward>? change = null)
    {
        folder.Write("child.sh", script);
        var options = new ProcessReward { Name = "judge", Command = "sh child.sh", Folder = folder.Path, Backoff = 0.01, Timeout = 30 };
        return (change?.Invoke(options) ?? options).Build(Rewarded.Context());
    }
}
