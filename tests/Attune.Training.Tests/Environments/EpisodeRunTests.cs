using Attune.Reporting.Files;
using Attune.Training.Environments;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Environments;

/// <summary>Replies that depend on the seed and on the length of the last turn; ends after the third turn at the latest.</summary>
public sealed class PluginGame : IEnvironment
{
    const string Key = "Attune.Tests.PluginGame";

    /// <summary>Shared with the copy of this class that is loaded as a plug-in.</summary>
    public static int RepliesUntilFailure
    {
        get => AppContext.GetData(Key) as int? ?? int.MaxValue;
        set => AppContext.SetData(Key, value);
    }

    public Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation) =>
        RepliesUntilFailure-- > 0
            ? Task.FromResult<IReadOnlyList<Reply>>([.. episodes.Select(Reply)])
            : throw new InvalidOperationException("the game is down");

    static Reply Reply(Episode episode)
    {
        var text = episode.Turns[^1].Text;
        return new(episode.Seed % 2 == 0 ? " moo" : " woof woof")
        {
            Ends = episode.Turns.Count == 3 || text.Length % 5 == 0,
            Reward = text.Length % 7,
        };
    }
}

/// <summary>Runs on episodes. They share the game, whose failure is static.</summary>
[Collection(nameof(EpisodeRunTests))]
public sealed class EpisodeRunTests : IDisposable
{
    readonly TinyRuns runs = new(context: 64);

    public static TheoryData<string> Methods =>
        ["ppo", "a2c", "nlpo", "trpo", "grpo", "rloo", "reinforce", "minillm", "online-dpo", "xpo", "nash-md"];

    public void Dispose()
    {
        PluginGame.RepliesUntilFailure = int.MaxValue;
        runs.Dispose();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Run_CancelledAndResumed_EndsWithTheSameBits(string method)
    {
        var whole = runs.Start(method, Recipe(method, "whole"));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start(method, Recipe(method, "parts"), display, display.Token));
        var resumed = runs.Resume("parts");
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
        var last = JsonLinesLog.Read(whole.Metrics).Last(line => line.ContainsKey("episodes/turns"));
        Assert.InRange((double)last["episodes/turns"]!, 1.01, 3);
    }

    [Fact]
    public void Run_EnvironmentFailsInTheMiddleOfAnEpisode_StopsWithACheckpointAndResumes()
    {
        var whole = runs.Start("grpo", Recipe("grpo", "whole"));
        PluginGame.RepliesUntilFailure = 8;
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("grpo", Recipe("grpo", "parts")));
        Assert.Contains("the environment failed: InvalidOperationException: the game is down", error.Message, StringComparison.Ordinal);
        PluginGame.RepliesUntilFailure = int.MaxValue;
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));
    }

    [Fact]
    public void Run_EnvironmentOfTheProgram_GivesTheBitsOfThePlugin()
    {
        var environment = new ObjectEnvironment(new PluginGame());
        Assert.Equal(
            TinyRuns.Weights(runs.Start("grpo", Recipe("grpo", "a"))),
            TinyRuns.Weights(runs.Start("grpo", Recipe("grpo", "b", episodes => episodes with { Environments = [environment] }))));
    }

    [Fact]
    public void Run_HigherMaximumOfTurns_ChangesTheOutcome() => Assert.NotEqual(
        TinyRuns.Weights(runs.Start("grpo", Recipe("grpo", "a"))),
        TinyRuns.Weights(runs.Start("grpo", Recipe("grpo", "b", episodes => episodes with { MaxTurns = 1 }))));

    [Fact]
    public void Recipe_WithEnvironmentsAndTools_IsWrittenAndReadAgain()
    {
        var recipe = Recipe("grpo", "a", episodes => episodes with
        {
            Tools =
            [
                new ProcessTool { Command = "cat", Name = "echo", Parameters = new Dictionary<string, string> { ["text"] = "a text" } },
            ],
        });
        var file = runs.PathTo("grpo.yaml");
        File.WriteAllText(file, RecipeWriter.Write("grpo", recipe, withComments: true));
        var read = (OnPolicyRecipe)RecipeReader.Read("grpo", file, []).Recipe;
        Assert.Equal("echo", ((ProcessTool)read.Episodes.Tools[0]).Name);
        Assert.Equal(((OnPolicyRecipe)recipe).Episodes.Environments, read.Episodes.Environments);
        Assert.IsType<EnvironmentReward>(read.AllRewards.Single());
    }

    [Theory]
    [InlineData("episodes.environments=[{kind: procss}]", "must be one of process, http, plugin (was 'procss'). Did you mean 'process'?")]
    [InlineData("episodes.maxTokens=4", "`episodes.maxTokens` must be at least sampling.maxNewTokens, 8")]
    [InlineData("episodes.tools=[{kind: mcp}]", "`episodes.tools.0.command` must be a command, or empty where there is a url")]
    [InlineData("rewards=[{kind: environment}]", "`rewards` must have no reward of kind environment where episodes.environments is empty")]
    public void Recipe_InvalidEpisodes_IsBadInput(string word, string expected)
    {
        var recipe = word.StartsWith("rewards", StringComparison.Ordinal) ? Recipe("grpo", "a", _ => new()) : Recipe("grpo", "a");
        var file = runs.PathTo("grpo.yaml");
        File.WriteAllText(file, RecipeWriter.Write("grpo", recipe, withComments: false));
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read("grpo", file, [word]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ToolsWithPromptsThatAreTexts_IsBadInput()
    {
        var recipe = Recipe("grpo", "a", _ => new() { Tools = [new ProcessTool { Command = "cat", Name = "echo" }], MaxTokens = 40 });
        var error = Assert.Throws<InvalidDataException>(() =>
            runs.Start("grpo", ((OnPolicyRecipe)recipe) with { Rewards = [new LengthReward()] }));
        Assert.Contains("tools need prompts that are lists of messages", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EpisodesLongerThanTheContext_IsBadInputBeforeTheFirstStep()
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            runs.Start("grpo", Recipe("grpo", "a", episodes => episodes with { MaxTokens = 64 })));
        Assert.StartsWith("`episodes.maxTokens` must be less than 64, the context of ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt":"a","environment":"one"}""", "'number' must be present")]
    [InlineData("""{"prompt":"a","number":5}""", "'environment' must be present")]
    [InlineData("""{"prompt":"a","number":5,"environment":"three"}""", "'environment' must be one of one, two (was \"three\")")]
    public void Run_RowWithoutTheFieldsOfItsEnvironment_IsBadInputBeforeTheFirstStep(string row, string expected)
    {
        File.WriteAllLines(runs.PathTo("rows.jsonl"), ["""{"prompt":"a","environment":"two"}""", row]);
        var recipe = (OnPolicyRecipe)Recipe("grpo", "a", _ => new()
        {
            Environments =
            [
                new ProcessEnvironment { Name = "one", Command = "exit 3", Fields = ["number"] },
                new ProcessEnvironment { Name = "two", Command = "exit 3" },
            ],
            MaxTokens = 40,
        });
        var error = Assert.Throws<InvalidDataException>(() =>
            runs.Start("grpo", recipe with { Data = recipe.Data with { Train = runs.PathTo("rows.jsonl") } }));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("rows.jsonl, line 2", error.Message, StringComparison.Ordinal);
    }

    IRecipe Recipe(string method, string output, Func<EpisodeOptions, EpisodeOptions>? change = null)
    {
        var recipe = (OnPolicyRecipe)runs.Recipe(method, output);
        var episodes = new EpisodeOptions
        {
            Environments =
            [
                new PluginEnvironment { Assembly = typeof(PluginGame).Assembly.Location, Type = typeof(PluginGame).FullName! },
            ],
            MaxTokens = 40,
        };
        var sampling = recipe.Sampling with { Stop = ["a", "e", "i", "o", "n", "s", "t"] };            // the model hardly ever ends a turn
        return recipe with { RewardModel = "", Sampling = sampling, Episodes = change?.Invoke(episodes) ?? episodes };
    }
}
