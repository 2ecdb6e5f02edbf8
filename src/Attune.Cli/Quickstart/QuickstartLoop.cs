using System.Diagnostics;
using Attune.Quickstart;
using Attune.Reporting.Runs;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Cli.Quickstart;

/// <summary>
/// The whole of RLHF at the front desk of a small hotel: pretrain, fine-tune, rank, learn the reward, PPO, and a look at what came of
/// it. Each stage is a run of its own by a recipe of recipes/, so that it can be read, repeated, and resumed where it was stopped.
/// </summary>
sealed class QuickstartLoop(string output, int seed, IRunDisplay display, CancellationToken cancellation)
{
    readonly FrontDesk desk = FrontDesk.Find();
    readonly Stopwatch clock = Stopwatch.StartNew();
    TimeSpan before;

    /// <summary>Runs what is still to do.</summary>
    /// <exception cref="InvalidDataException">The folder holds the quickstart of another seed.</exception>
    public LoopResult Run()
    {
        var guest = SimulatedGuest.Load(desk.Data);
        var pretrained = Train("pretrain", "1-pretrain", $"data.train={desk.Corpus}");
        var tuned = Train("sft", "2-sft", $"model={pretrained.Model}", $"data.train={desk.Demonstrations}");
        var sampling = ((PpoRecipe)RecipeReader.Read("ppo", desk.Recipe("ppo"), []).Recipe).Sampling;

        var rankings = new GuestRankings(guest, sampling with { Temperature = 1 }, seed);       // answers that differ tell more
        var (ranked, rankedHeldOut) = (In("3-rankings/train.jsonl"), In("3-rankings/heldout.jsonl"));
        Directory.CreateDirectory(In("3-rankings"));
        display.Notice("3-rankings: the model answers every prompt four times, and a simulated guest ranks the answers");
        rankings.Write(tuned.Model, desk.Prompts, ranked, cancellation);
        rankings.Write(tuned.Model, desk.HeldOutPrompts, rankedHeldOut, cancellation);

        var reward = Train("reward", "4-reward", $"model={tuned.Model}", $"data.train={ranked}", $"data.heldOut={rankedHeldOut}");
        var ppo = Train("ppo", "5-ppo", $"model={tuned.Model}", $"rewardModel={reward.Model}", $"data.train={desk.Prompts}", $"data.heldOut={desk.HeldOutPrompts}");

        display.Notice("the held-out prompts, answered before and after PPO");
        var earlier = SampledAnswers.Draw(tuned.Model, desk.HeldOutPrompts, 1, sampling, seed, cancellation);
        var later = SampledAnswers.Draw(ppo.Model, desk.HeldOutPrompts, 1, sampling, seed, cancellation);
        return new(output, seed, before + clock.Elapsed, pretrained, tuned, reward, ppo, rankings.Ceiling(rankedHeldOut))
        {
            Pairs = [.. earlier.Zip(later, (a, b) => JudgedPair.Judge(guest, a.Prompt, a.Responses[0], b.Responses[0]))],
        };
    }

    /// <summary>Starts a stage, goes on with it where it was stopped, or leaves it when it is finished.</summary>
    Stage Train(string method, string stage, params string[] overrides)
    {
        var folder = new RunFolder(In(stage));
        var (found, recipe) = RecipeReader.Read(
            method, desk.Recipe(method), [.. overrides, $"run.output={folder.Path}", $"run.seed={seed}"]);
        if (!folder.HasStarted)
            return new(found, RecipeRunner.Start(found, recipe, display, cancellation));
        if (RecipeReader.Read(method, folder.Recipe, []).Recipe.Run.Seed is var other && other != seed)
            throw new InvalidDataException($"{output} holds the quickstart of seed {other}, not of {seed}; give that seed, or another --output");
        before += RunRecord.Read(folder).Duration ?? TimeSpan.Zero;
        return new(found, folder.IsFinished ? folder : RecipeRunner.Resume(folder.Path, [], display, cancellation));
    }

    string In(string name) => Path.Combine(output, name);
}
