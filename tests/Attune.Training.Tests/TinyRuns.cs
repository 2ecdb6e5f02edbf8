using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests;

/// <summary>A recipe of every method over tiny data and tiny models, made in a temporary folder.</summary>
sealed class TinyRuns : IDisposable
{
    readonly TemporaryFolder folder = TemporaryFolder.InMemory();
    readonly string family;
    readonly int layers;
    readonly int context;
    readonly Lazy<string> teacher;

    /// <param name="family">The family of the language model; the reward model is a GPT-2.</param>
    /// <param name="layers">The layers of both models.</param>
    /// <param name="context">Their context length.</param>
    public TinyRuns(string family = "gpt2", int layers = 1, int context = 48)
    {
        (this.family, this.layers, this.context, teacher) = (family, layers, context, new(NewTeacher));
        LanguageModel = folder.File("lm");
        RewardModel = folder.File("rm");
        using var random = new RandomSource(1);
        ModelFolder.Save(LanguageModel, Pretrained.NewLanguageModel(Config(Shape), random), TinyData.Tokenizer);
        ModelFolder.Save(RewardModel, Pretrained.NewRewardModel(Config(Shape with { Family = "gpt2" }), random), TinyData.Tokenizer);
    }

    public static IReadOnlyList<string> Methods => [.. MethodCatalog.All.Select(method => method.Name)];

    /// <summary>Every method, and variants with an encoder.</summary>
    public static IReadOnlyList<string> Kinds => [.. Methods, "pretrain an encoder", "reward an encoder"];

    /// <summary>Those that train on fixed data.</summary>
    public static IEnumerable<string> OfflineKinds =>
        Kinds.Where(kind => MethodCatalog.Find(kind.Split(' ')[0])!.NewRecipe() is not PolicyRecipe);

    public string LanguageModel { get; }

    public string RewardModel { get; }

    /// <summary>A language model of two layers with larger weights, so that its next tokens differ in probability.</summary>
    public string Teacher => teacher.Value;

    /// <summary>A data file.</summary>
    public string Demonstrations => TinyData.Demonstrations(folder);

    static TokenizerOptions WordPieces => new() { Kind = TokenizerKind.WordPiece, VocabularySize = 60 };

    ModelShape Shape => new() { Family = family, Layers = layers, Width = 32, Heads = 2, Context = context, Dropout = 0.1 };

    /// <summary>A recipe that trains for some steps into a folder of this name.</summary>
    public IRecipe Recipe(string method, string output, int steps = 6, int checkpointEvery = 2)
    {
        var run = new RunOptions
        {
            Output = folder.File(output), CheckpointEvery = checkpointEvery, Device = "cpu", Seed = 5,
            Dtype = "float32",                                              // auto differs between processors
        };
        var training = new BatchOptions { BatchSize = 4, MicroBatchSize = 2, Steps = steps };
        return method switch
        {
            "pretrain" => new PretrainRecipe { Run = run, Training = training, NewModel = Shape, Tokenizer = new() { VocabularySize = 300 },
                Data = new() { Train = TinyData.Documents(folder) } },
            "pretrain an encoder" => new PretrainRecipe
            {
                Run = run, Training = training, NewModel = Shape with { Family = "bert" }, Tokenizer = WordPieces,
                Data = new() { Train = TinyData.Documents(folder) },
            },
            "reward an encoder" => new RewardRecipe
            {
                Run = run, Training = training, NewModel = Shape with { Family = "bert" }, Tokenizer = WordPieces,
                Data = new() { Train = TinyData.Rankings(folder) },
            },
            "sft" =>
                new SftRecipe { Run = run, Training = training, Model = LanguageModel,
                Data = new() { Train = TinyData.Demonstrations(folder) } },
            "reward" =>
                new RewardRecipe { Run = run, Training = training, Model = LanguageModel,
                Data = new() { Train = TinyData.Rankings(folder) } },
            "prm" => Offline(new PrmRecipe(), TinyData.Steps(folder)),
            "dpo" => Offline(new DpoRecipe(), TinyData.Rankings(folder)),
            "cpo" => Offline(new CpoRecipe(), TinyData.Rankings(folder)),
            "orpo" => Offline(new OrpoRecipe(), TinyData.Rankings(folder)),
            "tpo" => Offline(new TpoRecipe(), TinyData.Triples(folder)),
            "kto" => Offline(new KtoRecipe(), TinyData.Labels(folder)),
            "bco" => Offline(new BcoRecipe { Bco = new() { MatchPrompts = true } }, TinyData.Labels(folder)),
            "ilql" => Offline(
                new IlqlRecipe
                {
                    Ilql = new() { SyncEvery = 2, Alpha = 0.1 },
                    Responses = new()
                    {
                        Prompts = TinyData.Prompts(folder),
                        Rewards = [new KeywordsReward { Words = ["yes"] }],
                        Sampling = new() { MaxNewTokens = 8 },
                    },
                },
                TinyData.Rewards(folder)),
            "gkd" => Offline(
                new GkdRecipe { Teacher = Teacher, Sampling = new() { MaxNewTokens = 8 } }, TinyData.Demonstrations(folder)),
            "minillm" => OnPrompts(new MiniLlmRecipe { Teacher = Teacher, Updates = new() { SamplesPerPrompt = 2, Epochs = 2 } }),
            "grpo" => OnPrompts(new GrpoRecipe
            {
                RewardModel = RewardModel,
                Updates = new() { SamplesPerPrompt = 4, Epochs = 2 },
                Kl = new() { Coef = 0.05 },
                Grpo = new() { UseAdaptiveEntropy = true, EntropyTarget = 9 },
            }),
            "rloo" => OnPrompts(new RlooRecipe
            {
                RewardModel = RewardModel, Updates = new() { SamplesPerPrompt = 4, Epochs = 2, MaxResamplings = 1 },
            }),
            "reinforce" => OnPrompts(new ReinforceRecipe
            {
                RewardModel = RewardModel,
                Updates = new() { SamplesPerPrompt = 2, Epochs = 2 },
                Reinforce = new() { Baseline = ReinforceBaseline.Greedy },
            }),
            "a2c" => OnPrompts(new A2cRecipe { RewardModel = RewardModel }),
            "trpo" => OnPrompts(new TrpoRecipe
            {
                RewardModel = RewardModel, Updates = new() { Epochs = 2 }, Trpo = new() { CgMaxSteps = 3 },
            }),
            "nlpo" => OnPrompts(new NlpoRecipe
            {
                RewardModel = RewardModel,
                Updates = new() { Epochs = 2 },
                Nlpo = new() { TargetUpdateIterations = 2, MinTokensToKeep = 8 },
            }),
            "online-dpo" => OnPrompts(new OnlineDpoRecipe
            {
                RewardModel = RewardModel, Updates = new() { SamplesPerPrompt = 3, Epochs = 2, MiniBatches = 2, MaxResamplings = 1 },
            }),
            "xpo" => OnPrompts(new XpoRecipe { RewardModel = RewardModel, Updates = new() { Epochs = 2 } }),
            "nash-md" => OnPrompts(new NashMdRecipe { RewardModel = RewardModel }),
            "rft" => OnPrompts(new RftRecipe
            {
                RewardModel = RewardModel,
                Rft = new() { SamplesPerPrompt = 4, PromptsPerRound = 3, ImproveSteps = 2, KeepRounds = 2 },
                Scores = new() { Scaling = Training.Rewards.ScoreScaling.Running },
            }),
            _ => OnPrompts(new PpoRecipe
            {
                RewardModel = RewardModel,
                Updates = new() { Epochs = 2, MiniBatches = 2 },
                Kl = new() { Controller = Training.Estimation.KlControl.Adaptive, Target = 1, Horizon = 50 },
                Scores = new() { Scaling = Training.Rewards.ScoreScaling.Running },
            }),
        };

        OfflineRecipe Offline(OfflineRecipe recipe, string data) =>
            recipe with { Run = run, Training = training, Model = LanguageModel, Data = new() { Train = data } };

        PolicyRecipe OnPrompts(PolicyRecipe recipe) => recipe with
        {
            Run = run,
            Training = training,
            Model = LanguageModel,
            Data = new() { Train = TinyData.Prompts(folder) },
            Sampling = new() { MaxNewTokens = 8 },
            Optimizer = new() { LearningRate = 1e-3 },
        };
    }

    string NewTeacher()
    {
        using var random = new RandomSource(2);
        var model = Pretrained.NewLanguageModel(Config(Shape with { Layers = 2 }), random);
        foreach (var parameter in model.Parameters.Where(parameter => parameter.Shape.Length > 1))
            parameter.Value.NormalInPlace(0, 0.2, random);
        ModelFolder.Save(PathTo("teacher"), model, TinyData.Tokenizer);
        return PathTo("teacher");
    }

    static JsonObject Config(ModelShape shape) =>
        shape.ToConfig(TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId, TinyData.Tokenizer.PadId);

    public string PathTo(string name) => folder.File(name);

    public RunFolder Start(string method, IRecipe recipe, IRunDisplay? display = null, CancellationToken cancellation = default) =>
        RecipeRunner.Start(MethodCatalog.Find(method.Split(' ')[0])!, recipe, display ?? new SilentDisplay(), cancellation);

    public RunFolder Resume(string output, IRunDisplay? display = null) =>
        RecipeRunner.Resume(folder.File(output), [], display ?? new SilentDisplay(), CancellationToken.None);

    /// <summary>The bytes of the model and of its heads.</summary>
    public static byte[] Weights(RunFolder run)
    {
        var heads = Path.Combine(run.Model, "heads", "heads.safetensors");
        return [.. File.ReadAllBytes(Path.Combine(run.Model, "model.safetensors")), .. File.Exists(heads) ? File.ReadAllBytes(heads) : []];
    }

    public void Dispose() => folder.Dispose();
}

/// <summary>Records what it is called with, and can cancel after a step.</summary>
sealed class RecordingDisplay(int cancelAfter = int.MaxValue) : IRunDisplay
{
    readonly CancellationTokenSource source = new();

    public CancellationToken Token => source.Token;

    public List<string> Notices { get; } = [];

    public List<IReadOnlyDictionary<string, double>> Steps { get; } = [];

    public List<string> Words { get; } = [];

    public string Ended { get; private set; } = "";

    public (int Step, int Total) Began { get; private set; }

    public Action<int> OnStep { get; init; } = _ => { };

    public void Begin(string title, int step, int totalSteps) => Began = (step, totalSteps);

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
    {
        Steps.Add(metrics);
        Words.Add(summary);
        if (step == cancelAfter)
            source.Cancel();
        OnStep(step);
    }

    public void Notice(string text) => Notices.Add(text);

    public void End(string text) => Ended = text;
}
