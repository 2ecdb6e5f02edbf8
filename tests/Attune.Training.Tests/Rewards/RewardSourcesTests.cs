using Attune.Quickstart;
using Attune.Reporting.Files;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Rewards;

/// <summary>Rewards in recipes and in runs.</summary>
public sealed class RewardSourcesTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void RewardsOfManyKindsAreSummedAndLogged()
    {
        var display = new RecordingDisplay();
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a", steps: 2);
        var run = runs.Start("ppo", recipe with
        {
            Scores = new(),
            Rewards =
            [
                new LengthReward { Weight = -0.5 },
                new KeywordsReward { Name = "animals", Words = ["cat", "dog"], Weight = 2 },
                new RepetitionReward { Weight = 0 },
            ],
        }, display);
        Assert.True(run.IsFinished);
        foreach (var step in display.Steps)
        {
            var sum = step["rewards/model"] - 0.5 * step["rewards/length"] + 2 * step["rewards/animals"];
            Numeric.Close(sum, step["objective/scores"], "sum", 1e-9, 1e-9);
            Assert.True(step["rewards/repetition"] <= 0);
        }
        Assert.Contains(JsonLinesLog.Read(run.Metrics), line => line.ContainsKey("eval/rewards/animals"));
    }

    [Fact]
    public void PpoRaisesARuleAloneWithoutARewardModel()
    {
        var display = new RecordingDisplay();
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a", steps: 25);
        runs.Start("ppo", recipe with
        {
            RewardModel = "",
            Rewards = [new LengthReward { Weight = -1 }],
            Training = recipe.Training with { BatchSize = 32, MicroBatchSize = 0 },
            Optimizer = new() { LearningRate = 3e-3 },
            Kl = new() { Coef = 0.01 },
            Updates = new() { Epochs = 4, MiniBatches = 2 },
            Scores = new(),
        }, display);
        var (first, last) = (display.Steps[0]["objective/scores"], display.Steps.TakeLast(3).Average(step => step["objective/scores"]));
        Assert.True(last > first + 1, $"the score went from {first} to {last}");
    }

    /// <summary>
    /// A source that fails in step 3, after its moments were updated and a model has scored; it is repaired before the run is resumed.
    /// </summary>
    [Fact]
    public void ARunWhoseSourceFailedGoesOnToTheSameBits()
    {
        var script = runs.PathTo("child.sh");
        File.WriteAllText(script, """
            while read -r line; do
              echo x >> asked
              [ "$(wc -l < asked)" -ne "$(cat dies 2> /dev/null || echo 0)" ] || { rm dies; echo no memory >&2; exit 1; }
              id=${line#*:}; id=${id%%,*}
              echo "{\"id\":$id,\"scores\":[0,1,4,9]}"
            done
            """);
        var whole = runs.Start("ppo", Recipe("whole"));
        var asked = Path.Combine(runs.PathTo("."), "asked");
        var before = File.ReadAllLines(asked).Length;
        File.Delete(asked);
        // the fourth step from the end is the third of six
        File.WriteAllText(runs.PathTo("dies"), $"{before - 3}");
        var display = new RecordingDisplay();
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("ppo", Recipe("parts"), display)).Message;
        Assert.StartsWith(
            "the reward 'process' failed: the command `sh child.sh` ended with exit code 1 and did not answer; its last lines on stderr:\n "
            + " no memory\n", error, StringComparison.Ordinal);
        Assert.Contains("The run is saved after step ", error, StringComparison.Ordinal);
        Assert.True(display.Steps.Count is > 0 and < 6);
        var second = new RecordingDisplay();
        var resumed = runs.Resume("parts", second);
        Assert.Equal((display.Steps.Count, 6), second.Began);
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
        Assert.Equal(Figures(whole), Figures(resumed));

        IRecipe Recipe(string output) => (PpoRecipe)runs.Recipe("ppo", output) with
        {
            Data = ((PpoRecipe)runs.Recipe("ppo", output)).Data with { HeldOutShare = 0 },
            Scores = new() { Scaling = ScoreScaling.Running },
            Rewards =
            [
                new ProcessReward { Command = "sh child.sh", Folder = runs.PathTo("."), Retries = 0, Scaling = ScoreScaling.Reference },
                new LengthReward { Scaling = ScoreScaling.Running },
            ],
        };
    }

    /// <summary>The evaluation after the last step fails; it is repeated when the run is resumed.</summary>
    [Fact]
    public void ALookThatFailedIsTakenAgain()
    {
        var script = runs.PathTo("child.sh");
        File.WriteAllText(script, """
            while read -r line; do
              echo x >> asked
              [ -e mended ] || [ "$(wc -l < asked)" -lt 4 ] || exit 1
              id=${line#*:}; id=${id%%,*}
              n=$(printf '%s' "$line" | sed 's/.*"completions"://; s/\\.//g' | grep -o '"[^"]*"' | wc -l)
              echo "{\"id\":$id,\"scores\":[$(seq -s, "$n")]}"
            done
            """);
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a", steps: 2) with
        {
            Data = ((PpoRecipe)runs.Recipe("ppo", "a")).Data with { HeldOutShare = 0.2 },
            RewardModel = "",
            Rewards = [new ProcessReward { Command = "sh child.sh", Folder = runs.PathTo("."), Retries = 0 }],
        };
        Assert.Contains(
            "saved after step 2", Assert.Throws<TrainingStoppedException>(() =>
            runs.Start("ppo", recipe)).Message, StringComparison.Ordinal);
        File.WriteAllText(runs.PathTo("mended"), "");
        var run = runs.Resume("a");
        Assert.True(run.IsFinished);
        Assert.Equal([0, 2], JsonLinesLog.Read(run.Metrics).Where(line => line.ContainsKey("eval/score"))
            .Select(line => (int)line["step"]!));
    }

    [Fact]
    public void ARowThatLacksWhatARewardReadsIsSaidBeforeTheFirstStep()
    {
        var file = runs.PathTo("sums.jsonl");
        File.WriteAllText(
            file, string.Concat(
            Enumerable.Range(1, 30).Select(i => $"{{\"prompt\":\"{i} + 1 =\"{(i == 29 ? "" : $",\"answer\":{i + 1}")}}}\n")));
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a");
        recipe = recipe with { Data = recipe.Data with { Train = file }, Rewards = [new NumberReward()] };
        Assert.Equal($"{file}, line 29: 'answer' must be present (was nothing)", Assert.Throws<InvalidDataException>(() =>
            runs.Start("ppo", recipe)).Message);
        Assert.False(new RunFolder(runs.PathTo("a")).HasStarted);
    }

    [Fact]
    public void AListOfRewardsIsReadAndWritten()
    {
        var file = runs.PathTo("recipe.yaml");
        File.WriteAllText(file, """
            model: a
            data: { train: b }
            rewards:
              - kind: keywords
                weight: 0.5
                words: [one, "two three"]
              - { kind: regex, name: ends, pattern: "[.]$", scaling: whiten }
            """);
        var (method, recipe) = RecipeReader.Read("ppo", file, ["rewards.0.weight=2", "rewards.1.ignoreCase=true", "rewards.2.kind=guest"]);
        var rewards = ((PpoRecipe)recipe).Rewards;
        Assert.Equal(["one", "two three"], ((KeywordsReward)rewards[0]).Words);
        Assert.Equal((2, "keywords"), (rewards[0].Weight, rewards[0].Title));
        Assert.Equal(new RegexReward { Name = "ends", Pattern = "[.]$", Scaling = ScoreScaling.Whiten, IgnoreCase = true }, rewards[1]);
        Assert.Equal(new GuestReward(), rewards[2]);

        File.WriteAllText(file, RecipeWriter.Write(method.Name, recipe, withComments: false));
        var again = ((PpoRecipe)RecipeReader.Read(null, file, []).Recipe).Rewards;
        Assert.Equal(rewards.Skip(1), again.Skip(1));
        Assert.Equal(((KeywordsReward)rewards[0]).Words, ((KeywordsReward)again[0]).Words);
        Assert.Contains(
            "rewards:\n- kind: keywords\n  words: [\"one\", \"two three\"]\n  matchCase: false\n  name: \"\"\n  weight: 2\n  scaling: "
            + "none\n- kind: regex\n", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Register_KindOfAnotherAssembly_IsReadWrittenAndListedWhereAKindIsUnknown()
    {
        RewardSources.Register(new GuestReward { Folder = "elsewhere" });
        try
        {
            var (method, recipe) = RecipeReader.Read("ppo", null, ["model=a", "data.train=b", "rewards=[{kind: guest, weight: 4}]"]);
            Assert.Equal([new GuestReward { Folder = "elsewhere", Weight = 4 }], ((PpoRecipe)recipe).Rewards);
            Assert.Contains(
                "rewards:\n- kind: guest\n  folder: \"elsewhere\"\n",
                RecipeWriter.Write(method.Name, recipe, withComments: false), StringComparison.Ordinal);
        }
        finally
        {
            RewardSources.Register(new GuestReward());
        }
        var error = Assert.Throws<InvalidDataException>(
            () => RecipeReader.Read("ppo", null, ["model=a", "data.train=b", "rewards=[{kind: gest}]"])).Message;
        Assert.Contains("plugin, guest (was 'gest'). Did you mean 'guest'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Register_KindOfAnotherRecord_Throws() => Assert.Contains(
        "'length' is already used",
        Assert.Throws<ArgumentException>(() => RewardSources.Register(new FalseLength())).Message, StringComparison.Ordinal);

    sealed record FalseLength : RuleReward
    {
        public override string Kind => "length";

        public override double Score(TextResponse answer) => 0;
    }

    [Fact]
    public void AnItemMayStandForAnother()
    {
        var file = runs.PathTo("recipe.yaml");
        File.WriteAllText(file, "model: a\ndata: { train: b }\nrewards: [&same { kind: json }]\ngoldReward: [*same]\n");
        var recipe = (PpoRecipe)RecipeReader.Read("ppo", file, []).Recipe;
        Assert.Equal(recipe.Rewards, recipe.GoldReward);
    }

    [Fact]
    public void AWordHasNoLine() => Assert.Contains(
        "\n  'rewards.0' must be a section with keys",
        Assert.Throws<InvalidDataException>(() => RecipeReader.Read("ppo", WithOneReward(), ["rewards.0=x"])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void AListMayBeWrittenAsAWord() => Assert.Equal(
        [new LengthReward { Target = 20 }, new JsonReward { Weight = 2 }],
        ((PpoRecipe)RecipeReader.Read("ppo", null,
            ["model=a", "data.train=b", "rewards=[{kind: length, target: 20}, {kind: json, weight: 2}]"]).Recipe).Rewards);

    [Fact]
    public void AllMistakesOfAListAreSaidWithTheirLines()
    {
        var file = runs.PathTo("recipe.yaml");
        File.WriteAllText(file, """
            model: a
            data: { train: b }
            rewards:
              - kind: regx
              - weight: 2
              - kind: length
                pattern: x
                target: many
              - regex
              - kind: keywords
                words: one
              - kind: http
                timeout: 0
            """);
        var error = Assert.Throws<InvalidDataException>(() =>
            RecipeReader.Read("ppo", file, ["rewards.9.kind=json", "rewards.x=1"])).Message;
        foreach (var expected in new[]
        {
            "line 4: 'rewards.0.kind' must be one of model, classifier, length, regex, keywords, repetition, json, exactMatch, "
                + "number, boxed, cosine, thinkFormat, increasingNumbers, dates, rouge, bleu, chrf, ter, meteor, cider, parent, bertScore, "
                + "environment, http, process, openai, plugin, guest (was 'regx'). Did you mean 'regex'?",
            "line 5: 'rewards.1.kind' must be one of model, classifier, length, regex, keywords, repetition, json, exactMatch, "
                + "number, boxed, cosine, thinkFormat, increasingNumbers, dates, rouge, bleu, chrf, ter, meteor, cider, parent, bertScore, "
                + "environment, http, process, openai, plugin, guest (was nothing).",
            "line 7: 'rewards.2.pattern' is not a key of this recipe. Known here: unit, target, name, weight, scaling.",
            "line 8: 'rewards.2.target' must be an integer (was 'many')",
            "line 9: 'rewards.3' must be a section with keys: kind, and those of the kind",
            "line 11: 'rewards.4.words' must be a list (was 'one')",
            "rewards.9.kind': the list has 6 items, numbered from 0",
            "'rewards.x' is not a key of this recipe.",
        })
            Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains(
            "rewards: a list", Assert.Throws<InvalidDataException>(() =>
            RecipeReader.Read("ppo", null, ["model=a", "data.train=b", "rewards=all"])).Message.Replace("'rewards' must be a list",
            "rewards: a list", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("`rewards.0.url` must be a URL that begins with http:// or https:// (was empty).", "rewards=[{kind: http}]")]
    [InlineData("`rewards.0.command` must be a command (was empty).", "rewards=[{kind: process}]")]
    [InlineData("`rewards.0.timeout` must be above 0 and at most 86400 (was 0).", "rewards=[{kind: process, command: a, timeout: 0}]")]
    [InlineData("`rewards.0.retries` must be from 0 to 100 (was -1).", "rewards=[{kind: process, command: a, retries: -1}]")]
    [InlineData("`rewards.0.backoff` must be from 0 to 3600 (was -1).", "rewards=[{kind: process, command: a, backoff: -1}]")]
    [InlineData("`rewards.0.fields` must be names other than id, prompts, completions and tokens (was [\"prompts\"]).",
        "rewards=[{kind: process, command: a, fields: [prompts]}]")]
    [InlineData("`rewards.0.assembly` must be the path of a .NET assembly (was empty).", "rewards=[{kind: plugin, type: a}]")]
    [InlineData("`rewards.0.type` must be the name of a class with its namespace (was empty).", "rewards=[{kind: plugin, assembly: a}]")]
    [InlineData("`rewards.0.pattern` must be a .NET regular expression (was empty).", "rewards=[{kind: regex}]")]
    [InlineData("`rewards.0.pattern` must be a .NET regular expression: Invalid pattern '\\A(?:(()\\z'",
        "rewards=[{kind: regex, pattern: '((', whole: true}]")]
    [InlineData("`rewards.0.words` must have at least one word (was empty).", "rewards=[{kind: keywords}]")]
    [InlineData("`rewards.0.ngram` must be at least 1 (was 0).", "rewards=[{kind: repetition, ngram: 0}]")]
    [InlineData("`rewards.0.target` must be at least 0 (was -1).", "rewards=[{kind: length, target: -1}]")]
    [InlineData("`rewards.0.tolerance` must be at least 0 (was -1).", "rewards=[{kind: number, tolerance: -1}]")]
    [InlineData("`rewards.0.field` must name a field of the prompts' rows (was empty).", "rewards=[{kind: exactMatch, field: ''}]")]
    [InlineData("`rewards.0.folder` must name a folder with topics.json", "rewards=[{kind: guest, folder: ''}]")]
    [InlineData("`rewards.0.name` must have only letters, digits, -, _ and . (was \"a/b\").", "rewards=[{kind: json, name: a/b}]")]
    [InlineData("`rewards.1.model` must name a folder with a reward model (was empty).", "rewards=[{kind: json}, {kind: model}]")]
    [InlineData("`rewards` must have different names: 2 are called 'json'", "rewards=[{kind: json}, {kind: json}]")]
    [InlineData("`rewardModel` must name a folder with a reward model where rewards is empty (was empty).", "rewards=[]")]
    public void WhatAKindLacksIsSaidBeforeTheRun(string expected, string word) => Assert.Contains(
        "\n  " + expected,
        Assert.Throws<InvalidDataException>(() => RecipeReader.Read("ppo", null, ["model=a", "data.train=b", word])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void PathsBecomeFull()
    {
        var recipe = (PpoRecipe)new PpoRecipe
        {
            Rewards = [new ModelReward { Model = "a" }, new PluginReward { Assembly = "b" }, new GuestReward { Folder = "c" },
                new ProcessReward()],
        }.WithFullPaths();
        var here = Environment.CurrentDirectory;
        Assert.Equal(
            [Path.Combine(here, "a"), Path.Combine(here, "b"), Path.Combine(here, "c"), here],
            recipe.Rewards.Select(reward => reward switch
            {
                ModelReward model => model.Model,
                PluginReward plugin => plugin.Assembly,
                GuestReward guest => guest.Folder,
                _ => ((ProcessReward)reward).Folder,
            }));
    }

    [Fact]
    public void EveryKindAndKeyStandsInThePageAboutRewards()
    {
        var page = File.ReadAllText(Repository.PathTo("docs", "rewards.md"));
        foreach (var (kind, defaults) in RewardSources.Kinds)
        {
            Assert.Contains($"`{kind}`", page, StringComparison.Ordinal);
            Assert.All(RecipeKeys.Of(defaults.GetType()), row => Assert.Contains($"`{row.Key}`", page, StringComparison.Ordinal));
        }
        Assert.All(RecipeKeys.Of(typeof(ScoreOptions)), row => Assert.Contains($"`{row.Key}`", page, StringComparison.Ordinal));
    }

    string WithOneReward()
    {
        var file = runs.PathTo("recipe.yaml");
        File.WriteAllText(file, "model: a\ndata: { train: b }\nrewards: [{ kind: json }]\n");
        return file;
    }

    /// <summary>All that a run logs, except times.</summary>
    static IEnumerable<string> Figures(RunFolder run) => JsonLinesLog.Read(run.Metrics).Select(line => string.Join(
        ' ', line.Where(pair => !pair.Key.StartsWith("time/", StringComparison.Ordinal)).Select(pair => $"{pair.Key}={pair.Value}")));
}
