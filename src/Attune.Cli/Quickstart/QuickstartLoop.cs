using System.Diagnostics;
using Attune.Quickstart;
using Attune.Reporting.Runs;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Cli.Quickstart;

/// <summary>
/// All stages of RLHF on the front-desk data: pretraining, fine-tuning, rankings, reward model, PPO and an evaluation. Each training stage
/// is a run with a recipe of recipes/, so that it can be read, repeated and resumed.
/// </summary>
sealed class QuickstartLoop(string output, int seed, IRunDisplay display, CancellationToken cancellation)
{
    const int JudgedPerPrompt = 4;                                              // so that chance moves the shares by about a point

    readonly FrontDesk desk = FrontDesk.Find();
    readonly Stopwatch clock = Stopwatch.StartNew();
    TimeSpan resumedTime;

    /// <summary>Runs the stages that are not finished.</summary>
    /// <exception cref="InvalidDataException">The folder has a quickstart of another seed.</exception>
    public LoopResult Run()
    {
        var guest = SimulatedGuest.Load(desk.Data);
        var pretrained = Train("pretrain", "1-pretrain", $"data.train={desk.Corpus}");
        var tuned = Train("sft", "2-sft", $"model={pretrained.Model}", $"data.train={desk.Demonstrations}");
        var sampling = ((PpoRecipe)RecipeReader.Read("ppo", desk.Recipe("ppo"), []).Recipe).Sampling;

        var rankings = new GuestRankings(guest, sampling with { Temperature = 1 }, seed);       // diverse responses give more information
        var (ranked, rankedHeldOut) = (In("3-rankings/train.jsonl"), In("3-rankings/heldout.jsonl"));
        Directory.CreateDirectory(In("3-rankings"));
        display.Notice("3-rankings: samples four responses to every prompt; a simulated guest ranks them");
        rankings.Write(tuned.Model, desk.Prompts, ranked, cancellation);
        rankings.Write(tuned.Model, desk.HeldOutPrompts, rankedHeldOut, cancellation);

        var reward = Train("reward", "4-reward", $"model={tuned.Model}", $"data.train={ranked}", $"data.heldOut={rankedHeldOut}");
        var ppo = Train(
            "ppo", "5-ppo", $"model={tuned.Model}", $"rewardModel={reward.Model}",
            $"data.train={desk.Prompts}", $"data.heldOut={desk.HeldOutPrompts}");

        display.Notice("responses to the held-out prompts before and after PPO");
        var before = SampledResponses.Sample(tuned.Model, desk.HeldOutPrompts, JudgedPerPrompt, sampling, seed, cancellation);
        var after = SampledResponses.Sample(ppo.Model, desk.HeldOutPrompts, JudgedPerPrompt, sampling, seed, cancellation);
        return new(output, seed, resumedTime + clock.Elapsed, pretrained, tuned, reward, ppo, rankings.Ceiling(rankedHeldOut))
        {
            Pairs =
            [
                .. before.Zip(after).SelectMany(both => both.First.Responses.Zip(
                    both.Second.Responses, (a, b) => JudgedPair.Judge(guest, both.First.Prompt, a, b))),
            ],
        };
    }

    /// <summary>Starts a stage, resumes it, or does nothing if it is finished.</summary>
    Stage Train(string method, string stage, params string[] overrides)
    {
        var folder = new RunFolder(In(stage));
        var (found, recipe) = RecipeReader.Read(
            method, desk.Recipe(method), [.. overrides, $"run.output={folder.Path}", $"run.seed={seed}"]);
        if (!folder.HasStarted)
            return new(found, RecipeRunner.Start(found, recipe, display, cancellation));
        if (RecipeReader.Read(method, folder.Recipe, []).Recipe.Run.Seed is var other && other != seed)
            throw new InvalidDataException($"{output} has a quickstart with seed {other}, not {seed}. Use that seed or another --output.");
        resumedTime += RunRecord.Read(folder).Duration ?? TimeSpan.Zero;
        return new(found, folder.IsFinished ? folder : RecipeRunner.Resume(folder.Path, [], display, cancellation));
    }

    string In(string name) => Path.Combine(output, name);
}
