using Attune.Data;
using Attune.Generation;
using Attune.Models.Checkpoints;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Optimizers;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Cli.Bench;

/// <summary>The jobs: training recipes, run as `attune ppo` and the other commands run them, and sampling.</summary>
static class BenchmarkJobs
{
    public const int PpoEpochs = 4;
    public const int GroupSize = 8;                                // of grpo
    const int PpoMiniBatches = 4;
    const int Seed = 1;

    /// <summary>Tokens of a step, each counted once.</summary>
    public static long Tokens(BenchmarkOptions options) => options.Job switch
    {
        "ppo" or "grpo" => options.Preset.Ppo.Tokens,
        "generate" => options.Preset.Generate.Tokens,
        "sft" => (long)options.Preset.Texts * options.Preset.TextLength,
        _ => 2L * options.Preset.Texts * options.Preset.TextLength,
    };

    /// <summary>Runs the job until the clock has measured its steps.</summary>
    /// <returns>The workers and micro-batches that it used.</returns>
    public static BatchOptions Run(BenchmarkOptions options, StepClock clock) =>
        options.Job == "generate" ? Generate(options, clock) : Train(options, clock);

    static BatchOptions Train(BenchmarkOptions options, StepClock clock)
    {
        using var folder = new RandomFolder(options.Preset, Seed);
        var recipe = RecipeRunner.WithParallelism(Recipe(options, folder));
        clock.Workers = recipe.Training.Workers;
        try
        {
            RecipeRunner.Start(MethodCatalog.Find(options.Job)!, recipe, clock, CancellationToken.None);
        }
        catch (StepClock.EnoughException)
        {
        }
        return recipe.Training;
    }

    static IRecipe Recipe(BenchmarkOptions options, RandomFolder folder)
    {
        var preset = options.Preset;
        var run = new RunOptions
        {
            Output = folder.Run,
            Seed = Seed,
            Device = options.Device,
            Threads = options.Threads,
            Dtype = options.Dtype.Length > 0 ? options.Dtype : preset.Dtype,
            CheckpointEvery = 0,
        };
        var training = new BatchOptions
        {
            BatchSize = options.Job switch
            {
                "ppo" => preset.Ppo.Batch,
                "grpo" => preset.Ppo.Batch / GroupSize,
                _ => preset.Texts,
            },
            MicroBatchSize = options.MicroBatchSize,
            Workers = options.Workers,
            Steps = int.MaxValue,
        };
        var common = new Common(run, training, new() { LearningRate = 1e-6 });
        return options.Job is "ppo" or "grpo" ? OnPolicy(options, folder, common) : Offline(options, folder, common);
    }

    static OnPolicyRecipe OnPolicy(BenchmarkOptions options, RandomFolder folder, Common common)
    {
        var preset = options.Preset;
        OnPolicyRecipe recipe = options.Job == "ppo"
            ? new PpoRecipe
            {
                RewardModel = folder.RewardModel(),
                Critic = new() { Kind = options.Critic },
                Updates = new() { Epochs = PpoEpochs, MiniBatches = PpoMiniBatches },
            }
            : new GrpoRecipe
            {
                Rewards = [new LengthReward { Unit = LengthUnit.Characters }],
                Updates = new() { SamplesPerPrompt = GroupSize },
            };
        return recipe with
        {
            Run = common.Run,
            Training = common.Training,
            Optimizer = common.Optimizer,
            Model = folder.LanguageModel(),
            Sampling = new() { MaxNewTokens = preset.Ppo.Response },
            Data = Data(folder, common, ("prompt", preset.Ppo.Prompt)),
        };
    }

    static IRecipe Offline(BenchmarkOptions options, RandomFolder folder, Common common)
    {
        var (run, training, optimizer) = common;
        var preset = options.Preset;
        var (model, side) = (folder.LanguageModel(), preset.Pairs.Response - 1);                // and EOS
        return options.Job switch
        {
            "sft" => new SftRecipe
            {
                Run = run, Training = training, Optimizer = optimizer, Model = model,
                Data = Data(folder, common, ("prompt", 1), ("completion", preset.TextLength - 2)),
            },
            "dpo" => new DpoRecipe
            {
                Run = run, Training = training, Optimizer = optimizer, Model = model,
                Data = Data(folder, common, ("prompt", preset.Pairs.Prompt), ("chosen", side), ("rejected", side)),
            },
            _ => new RewardRecipe
            {
                Run = run, Training = training, Optimizer = optimizer, Model = model, Normalise = new() { By = NormalisedBy.None },
                Data = Data(folder, common, ("prompt", 1), ("chosen", preset.TextLength - 2), ("rejected", preset.TextLength - 2)),
            },
        };
    }

    static DataOptions Data(RandomFolder folder, Common common, params (string Key, int Words)[] texts) => new()
    {
        Train = folder.Rows(4 * common.Training.BatchSize, texts), HeldOutShare = 0, TooLong = OverlongExamples.Drop,
    };

    static BatchOptions Generate(BenchmarkOptions options, StepClock clock)
    {
        var (preset, exchange) = (options.Preset, options.Preset.Generate);
        var device = Device.Parse(options.Device);
        using var init = new RandomSource(Seed);
        using var random = new RandomSource(Seed, device);
        var model = Pretrained.NewLanguageModel(preset.Shape.ToConfig(preset.Vocabulary, null, null, null), init);
        model.MoveTo(device);
        model.ComputeIn(DTypes.Parse(options.Dtype.Length > 0 ? options.Dtype : preset.Dtype, device));
        var (run, batches) = Parallelism.Choose(
            new() { Threads = options.Threads }, new() { Workers = options.Workers, MicroBatchSize = options.MicroBatchSize },
            new(Environment.ProcessorCount, model.ParameterCount, exchange.Batch) { IsOnCpu = device.Type == DeviceType.Cpu });
        TorchLibrary.Threads = run.Threads;
        clock.Workers = Math.Max(run.Threads, batches.Workers);
        var words = new Random(Seed);
        int[][] prompts = [.. Enumerable.Range(0, exchange.Batch).Select(_ =>
            Enumerable.Range(0, exchange.Prompt).Select(_ => words.Next(preset.Vocabulary)).ToArray())];
        var generator = new TextGenerator(model, padId: 0, eosIds: []) { Workers = WorkerThreads.On(device, clock.Workers) };
        clock.Begin("", 0, 0);
        while (!clock.IsEnough)
        {
            generator.Generate(prompts, new() { MaxNewTokens = exchange.Response }, random);
            clock.Record(new Dictionary<string, double>(StringComparer.Ordinal));
        }
        model.Free();
        return batches;
    }

    /// <summary>What all recipes have in common.</summary>
    sealed record Common(RunOptions Run, BatchOptions Training, OptimizerOptions Optimizer);
}
