using Attune.Data.Simulation;
using Attune.Generation;
using Attune.Training;
using Attune.Training.Optimizers;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Cli.Quickstart;

/// <summary>
/// The whole loop on the front desk of a small hotel: pretrain, fine-tune, rank, reward model, PPO, and a look at the result. Each stage
/// is a run of its own below the output folder, so that it can be resumed, read and repeated by its recipe.
/// </summary>
sealed class Quickstart(string output, int seed, IRunDisplay display, CancellationToken cancellation)
{
    static readonly SamplingOptions Sampling = new() { MaxNewTokens = 64 };

    readonly FrontDesk data = FrontDesk.Find();

    public QuickstartResult Run()
    {
        var guest = SimulatedGuest.Load(data.Folder);
        var pretrained = Train("1-pretrain", new PretrainRecipe
        {
            Run = Rhythm("1-pretrain"),
            NewModel = new() { Family = "llama", Layers = 4, Width = 192, Heads = 6, Context = 160 },
            Tokenizer = new() { VocabularySize = 1500 },
            Data = new() { Train = data.Corpus, HeldOutShare = 0.02 },
            Training = new() { BatchSize = 32, Epochs = 2 },
            Optimizer = new() { LearningRate = 3e-3, WeightDecay = 0.1, Beta2 = 0.95, Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.05, MinRatio = 0.1 } },
        });
        var sft = Train("2-sft", new SftRecipe
        {
            Run = Rhythm("2-sft"),
            Model = pretrained.Model,
            Data = new() { Train = data.Demonstrations },
            Training = new() { BatchSize = 32, Epochs = 2 },
            Optimizer = new() { LearningRate = 1e-3, Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.05 } },
        });
        var rankings = new GuestRankings(guest, seed);
        Directory.CreateDirectory(In("3-rankings"));
        display.Notice("the simulated guest ranks four answers to each prompt");
        rankings.Write(sft.Model, data.Prompts, In("3-rankings/train.jsonl"), Sampling, cancellation);
        var ceiling = rankings.Write(sft.Model, data.HeldOutPrompts, In("3-rankings/heldout.jsonl"), Sampling, cancellation);
        var reward = Train("4-reward", new RewardRecipe
        {
            Run = Rhythm("4-reward"),
            Model = sft.Model,
            Data = new() { Train = In("3-rankings/train.jsonl"), HeldOut = In("3-rankings/heldout.jsonl") },
            Training = new() { BatchSize = 16, Epochs = 2 },
            Optimizer = new() { LearningRate = 5e-4, Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.05 } },
        });
        var ppo = Train("5-ppo", new PpoRecipe
        {
            Run = Rhythm("5-ppo"),
            Model = sft.Model,
            RewardModel = reward.Model,
            Data = new() { Train = data.Prompts, HeldOut = data.HeldOutPrompts },
            Sampling = Sampling,
            Training = new() { BatchSize = 64, Steps = 40 },
            Optimizer = new() { LearningRate = 3e-4, Schedule = new() { Kind = ScheduleKind.Linear } },
            Ppo = new() { KlCoef = 0.05, MiniBatches = 2, Epochs = 3, MissingEosPenalty = 1, ScoreScaling = Training.Algorithms.ScoreScaling.Running },
        });
        return new(output, seed, guest, ceiling, data.HeldOutPrompts, Sampling, pretrained, sft, reward, ppo);
    }

    RunOptions Rhythm(string stage) => new() { Output = In(stage), Seed = seed, CheckpointEvery = 50 };

    /// <summary>Starts a stage, goes on with it where it was stopped, or leaves it when it is finished.</summary>
    RunFolder Train(string stage, IRecipe recipe)
    {
        if (new RunFolder(In(stage)).HoldsARun)
            return RecipeRunner.Resume(In(stage), [], display, cancellation);
        var method = AlgorithmCatalog.All.First(method => method.NewRecipe().GetType() == recipe.GetType());
        return RecipeRunner.Start(method, recipe, display, cancellation);
    }

    string In(string name) => Path.Combine(output, name);
}
