using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Microsoft.Extensions.Logging;

namespace Attune.Tests;

public sealed class TrainerTests(TinyFolders tiny) : IClassFixture<TinyFolders>
{
    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(method => method.Name)];

    public static TheoryData<string> Rewards => ["sync", "async", "batch", "async batch", "response", "async response"];

    [Theory, MemberData(nameof(Methods))]
    public async Task Train_EveryMethod_ShowsStepsAndGivesTheModel(string method)
    {
        var steps = new List<StepResult>();
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var result = await Trainer.TrainAsync(model, Recipe(method), steps.Add);
        Assert.Equal([(1, 2), (2, 2)], steps.Select(step => (step.Number, step.Total)));
        Assert.All(steps, step => Assert.NotEqual("", step.Summary));
        Assert.Equal(steps[1].Metrics["loss"], result.Metrics["loss"], tolerance: 1e-12);          // one of them was written as text
        Assert.True(File.Exists(result.Run.Report));
        if (method is "reward" or "prm")
            Assert.True(double.IsFinite(result.RewardModel.Score("The cat says", " meow.")));
        else
            Assert.NotNull(result.Model.Generate("The cat says", new() { MaxNewTokens = 4 }));
        Assert.Throws<InvalidOperationException>(() => method is "reward" or "prm" ? (object)result.Model : result.RewardModel);
    }

    [Fact]
    public async Task Generate_ModelOfIlql_AddsItsAdvantageUnlessSwitchedOff()
    {
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        var recipe = (IlqlRecipe)Recipe("ilql") with { Run = tiny.Run("advantage"), Ilql = new() { AdvantageBeta = 500 } };
        using var result = await Trainer.TrainAsync(model, recipe);
        Assert.Equal(Text(null), Text(500));
        Assert.NotEqual(Text(null), Text(0));

        string Text(double? beta) => result.Model.Generate("The cat says", new() { MaxNewTokens = 12, AdvantageBeta = beta }, seed: 3);
    }

    [Theory, MemberData(nameof(Rewards))]
    public async Task Train_RewardFunction_IsWhatIsLearnedFrom(string kind)
    {
        var seen = new HashSet<string>();
        StepResult? first = null;
        var recipe = tiny.OnPolicy("grpo", $"reward-{kind}", steps: 1) with { Rewards = [Reward(kind, seen)] };
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var result = await Trainer.TrainAsync(model, recipe, step => first = step);
        Assert.Contains("The cat says", seen);
        Assert.Equal(3, first!.Metrics["objective/scores"], 6);
    }

    [Fact]
    public async Task Train_TwoFunctions_AreSummedAndLoggedUnderTheirNames()
    {
        StepResult? last = null;
        var recipe = tiny.OnPolicy("ppo", "sum", steps: 1) with
        {
            Rewards = [Attune.Reward.From((_, _) => 1, "one"), Attune.Reward.From((_, _) => 2.0, "two") with { Weight = 10 }],
        };
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var result = await Trainer.TrainAsync(model, recipe, step => last = step);
        Assert.Equal((21, 1, 2), (last!.Metrics["objective/scores"], last.Metrics["rewards/one"], last.Metrics["rewards/two"]));
    }

    [Theory]
    [InlineData("ppo"), InlineData("grpo"), InlineData("rloo"), InlineData("reinforce"), InlineData("a2c"), InlineData("trpo")]
    [InlineData("nlpo"), InlineData("rft"), InlineData("online-dpo"), InlineData("xpo"), InlineData("nash-md")]
    public async Task Train_SomeResponsesHaveNoScore_LearnsFromTheOthers(string method)
    {
        var (steps, asked) = (new List<StepResult>(), 0);
        var recipe = tiny.OnPolicy(method, $"{method}-missing") with
        {
            Rewards = [Attune.Reward.From(response => asked++ % 4 < 2 ? response.Text.Length : (double?)null, "some"),
                Attune.Reward.From(_ => (double?)null, "never")],
            Scores = new() { Scaling = ScoreScaling.Running, MissingEosPenalty = 1 },
        };
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var result = await Trainer.TrainAsync(model, recipe, steps.Add);
        Assert.All(steps, step =>
        {
            Assert.True(double.IsFinite(step.Metrics["objective/scores"]));
            Assert.Equal(step.Metrics["objective/scores"], step.Metrics["rewards/some"], 1e-9);
            Assert.True(double.IsFinite(step.Metrics["loss"]));
            if (method != "rft")
                Assert.InRange(step.Metrics["responses/without_score"], 0.25, 0.75);
        });
    }

    [Theory, InlineData("ppo"), InlineData("grpo"), InlineData("reinforce")]
    public async Task Train_NoResponseHasAScore_WeightsStayAsTheyWere(string method)
    {
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        var before = model.Model.Parameters.First().Value.ToArray<float>();
        var recipe = tiny.OnPolicy(method, $"{method}-none", steps: 1) with { Rewards = [Attune.Reward.From(_ => (double?)null)] };
        using var result = await Trainer.TrainAsync(model, recipe);
        Assert.Equal(before, result.Model.Model.Parameters.First().Value.ToArray<float>());
    }

    [Fact]
    public async Task Train_RewardThrows_RunStopsAndSaysWhichReward()
    {
        var recipe = tiny.OnPolicy("grpo", "throws") with { Rewards = [Attune.Reward.From(Fail, "mine")] };
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        var error = await Assert.ThrowsAsync<TrainingStoppedException>(() => Trainer.TrainAsync(model, recipe));
        Assert.Contains("the reward 'mine' failed: FormatException: no number", error.Message);

        static double Fail(string prompt, string response) => throw new FormatException("no number");
    }

    [Theory, InlineData("ppo"), InlineData("grpo"), InlineData("rft")]
    public async Task Train_CancelledAndResumed_EndsWithTheSameBits(string method)
    {
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var whole = await Trainer.TrainAsync(model, WithReward(tiny.OnPolicy(method, $"{method}-whole", steps: 4)));
        using var source = new CancellationTokenSource();
        var recipe = WithReward(tiny.OnPolicy(method, $"{method}-halves", steps: 4));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Trainer.TrainAsync(
            model, recipe, step => Cancel(source, step, after: 2), cancellationToken: source.Token));
        var steps = new List<int>();
        using var resumed = await Trainer.TrainAsync(model, recipe, step => steps.Add(step.Number), resume: true);
        Assert.Equal([3, 4], steps);
        Assert.Equal(Weights(whole), Weights(resumed));

        static PolicyRecipe WithReward(PolicyRecipe recipe) =>
            recipe with { Rewards = [Attune.Reward.From((_, response) => response.Length)] };
    }

    [Fact]
    public async Task Resume_RecipeWithFunction_FromTheFolderAlone_SaysWhereItCanBeResumed()
    {
        using var source = new CancellationTokenSource();
        var recipe = tiny.OnPolicy("ppo", "alone", steps: 4) with { Rewards = [Attune.Reward.From((_, _) => 1, "words")] };
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Trainer.TrainAsync(
            model, recipe, step => Cancel(source, step, after: 1), cancellationToken: source.Token));
        var written = File.ReadAllText(Path.Combine(tiny.PathTo("alone"), "recipe.yaml"));
        Assert.Contains("- kind: function\n  name: \"words\"\n", written);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Trainer.ResumeAsync(tiny.PathTo("alone")));
        Assert.Contains("'rewards.0' is a C# function, which only the program that started the run has", error.Message);
    }

    [Fact]
    public async Task Resume_RecipeWithoutFunction_FromTheFolderAlone()
    {
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Trainer.TrainAsync(
            Sft("folder") with { Model = tiny.LanguageModel }, step => Cancel(source, step, after: 1), cancellationToken: source.Token));
        using var result = await Trainer.ResumeAsync(tiny.PathTo("folder"));
        Assert.True(result.Run.IsFinished);
        Assert.NotNull(result.Model.Generate("The cat says", new() { MaxNewTokens = 2 }));
    }

    [Fact]
    public async Task Resume_ChangedRecipe_IsNoted()
    {
        using var log = new ListLoggerFactory();
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var first = await Trainer.TrainAsync(model, Sft("changed"));
        var changed = Sft("changed") with { Optimizer = new() { LearningRate = 0.5 } };
        using var second = await Trainer.TrainAsync(model, changed, loggers: log, resume: true);
        var notice = Assert.Single(log.Lines, line => line.Contains("differs", StringComparison.Ordinal));
        Assert.Contains("learningRate: 0.5", notice);
    }

    [Fact]
    public async Task Train_InvalidRecipe_ThrowsBeforeAFolderIsWritten()
    {
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        var recipe = Sft("invalid") with { Sft = new() { LabelSmoothing = 7 } };
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Trainer.TrainAsync(model, recipe));
        Assert.Contains("`sft.labelSmoothing`", error.Message);
        Assert.False(Directory.Exists(tiny.PathTo("invalid")));
    }

    [Fact]
    public async Task Train_FolderHoldsARun_IsAnErrorUnlessResumed()
    {
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var first = await Trainer.TrainAsync(model, Sft("twice"));
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Trainer.TrainAsync(model, Sft("twice")));
        Assert.Contains("already has a run", error.Message);
    }

    [Fact]
    public async Task Train_Loggers_GetStepsEvaluationsCheckpointsAndTheEnd()
    {
        using var log = new ListLoggerFactory();
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var result = await Trainer.TrainAsync(model, Sft("logged"), loggers: log);
        Assert.Equal("Attune.Training.Runs.Run", Assert.Single(log.Categories));
        Assert.EndsWith("rows read as demonstrations (prompt, completion)", log.Lines[0]);
        Assert.Equal("Information: logged: started, step 0 of 2", log.Lines[1]);
        Assert.Contains(log.Lines, line => line.StartsWith("Debug: logged: step 2 of 2: ", StringComparison.Ordinal));
        Assert.Contains("Information: logged: checkpoint after step 2", log.Lines);
        Assert.StartsWith("Information: logged: done in", log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void LoggingDisplay_Warning_IsLoggedAsOneAndShownAsANotice()
    {
        using var log = new ListLoggerFactory();
        var shown = new NoticeList();
        IRunDisplay display = new LoggingDisplay(shown, log);
        display.Warning("step 3: the KL is high");
        display.Notice("the best step is 2");
        Assert.Equal(["Warning: step 3: the KL is high", "Information: the best step is 2"], log.Lines);
        Assert.Equal(["step 3: the KL is high", "the best step is 2"], shown.Texts);
    }

    sealed class NoticeList : IRunDisplay
    {
        public List<string> Texts { get; } = [];

        public void Begin(string title, int step, int totalSteps)
        {
        }

        public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
        {
        }

        public void Notice(string text) => Texts.Add(text);

        public void End(string text)
        {
        }
    }

    SftRecipe Sft(string output) =>
        new() { Run = tiny.Run(output), Training = TinyFolders.Batches(), Data = new() { Train = tiny.Demonstrations } };

    IRecipe Recipe(string method)
    {
        var (run, batches) = (tiny.Run(method), TinyFolders.Batches());
        return method switch
        {
            "pretrain" => new PretrainRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Demonstrations } },
            "sft" => Sft(method),
            "reward" => new RewardRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "prm" => new PrmRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Steps } },
            "dpo" => new DpoRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "kto" => new KtoRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "bco" => new BcoRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "ilql" => new IlqlRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "cpo" => new CpoRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "orpo" => new OrpoRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Comparisons } },
            "tpo" => new TpoRecipe { Run = run, Training = batches, Data = new() { Train = tiny.Triples } },
            "gkd" => new GkdRecipe
            {
                Run = run, Training = batches, Teacher = tiny.LanguageModel, Data = new() { Train = tiny.Demonstrations },
                Sampling = new() { MaxNewTokens = 6 },
            },
            "minillm" => new MiniLlmRecipe
            {
                Run = run, Training = batches, Teacher = tiny.LanguageModel, Data = new() { Train = tiny.Prompts },
                Sampling = new() { MaxNewTokens = 6 }, Updates = new() { SamplesPerPrompt = 2 },
            },
            _ => tiny.OnPolicy(method, method) with { Rewards = [Attune.Reward.From((_, response) => -response.Length)] },
        };
    }

    static FunctionReward Reward(string kind, HashSet<string> seen)
    {
        return kind switch
        {
            "sync" => Attune.Reward.From((prompt, _) => Three(prompt)),
            "async" => Attune.Reward.From(async (prompt, _) =>
            {
                await Task.Delay(1);
                return Three(prompt);
            }),
            "batch" => Attune.Reward.FromBatch(responses => [.. responses.Select(response => Three(response.Prompt.Text))]),
            "async batch" => Attune.Reward.FromBatch(async responses =>
            {
                await Task.Delay(1);
                return [.. responses.Select(response => Three(response.Prompt.Text))];
            }),
            "response" => Attune.Reward.From(response => Three(response.Texts("prompt").Single())),
            _ => Attune.Reward.From(async response =>
            {
                await Task.Yield();
                return Three(response.Texts("prompt").Single());
            }),
        };

        double Three(string prompt)
        {
            lock (seen)
                seen.Add(prompt);
            return 3;
        }
    }

    static void Cancel(CancellationTokenSource source, StepResult step, int after)
    {
        if (step.Number == after)
            source.Cancel();
    }

    static byte[] Weights(TrainingResult result) => File.ReadAllBytes(Path.Combine(result.Run.Model, "model.safetensors"));
}

/// <summary>Keeps what was logged.</summary>
sealed class ListLoggerFactory : ILoggerFactory, ILogger
{
    public List<string> Lines { get; } = [];

    public List<string> Categories { get; } = [];

    public ILogger CreateLogger(string categoryName)
    {
        Categories.Add(categoryName);
        return this;
    }

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add($"{logLevel}: {formatter(state, exception)}");
}
