using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Quickstart;
using Attune.Reporting.Files;

namespace Attune.Cli.Quickstart;

/// <summary>A response before PPO and one after it, judged by the simulated guest's taste without noise.</summary>
sealed record JudgedPair(string Prompt, string Before, string After, Judgement JudgedBefore, Judgement JudgedAfter)
{
    public static JudgedPair Judge(SimulatedGuest guest, string prompt, string before, string after) =>
        new(prompt, before, after, guest.Judge(prompt, before), guest.Judge(prompt, after));

    /// <summary>1 if the response after PPO is better, 0 if the one before is, ½ for a tie.</summary>
    public double Win => Math.Sign(JudgedAfter.Score - JudgedBefore.Score) / 2.0 + 0.5;
}

/// <summary>The result of the quickstart.</summary>
/// <param name="Output">The folder of all its runs.</param>
/// <param name="Seed">The seed of every stage.</param>
/// <param name="Time">The time of all runs, resumed ones included, and of the rest in this process.</param>
/// <param name="Pretrain">Pretraining.</param>
/// <param name="Sft">Supervised fine-tuning.</param>
/// <param name="Reward">The reward model.</param>
/// <param name="Ppo">PPO.</param>
/// <param name="Ceiling">The highest accuracy of a reward model that the noise of the rankings allows.</param>
sealed record LoopResult(string Output, int Seed, TimeSpan Time, Stage Pretrain, Stage Sft, Stage Reward, Stage Ppo, double Ceiling)
{
    /// <summary>The same number of pairs for every held-out prompt, one after the other.</summary>
    public required IReadOnlyList<JudgedPair> Pairs { get; init; }

    /// <summary>The first pair of every held-out prompt.</summary>
    public IReadOnlyList<JudgedPair> FirstPairs => field ??= [.. Pairs.DistinctBy(pair => pair.Prompt)];

    public int Prompts => FirstPairs.Count;

    public double PreferredBefore => Pairs.Average(pair => pair.JudgedBefore.IsGood ? 1.0 : 0);

    public double PreferredAfter => Pairs.Average(pair => pair.JudgedAfter.IsGood ? 1.0 : 0);

    public double WinRate => Pairs.Average(pair => pair.Win);

    /// <summary>The share of distinct responses after PPO, of one response to each prompt.</summary>
    public double Distinct => FirstPairs.Select(pair => pair.After).Distinct(StringComparer.Ordinal).Count() / (double)Prompts;

    /// <summary>The held-out loss.</summary>
    public (double First, double Last) PretrainLoss => Pretrain["eval/loss"];

    public (double First, double Last) SftLoss => Sft["eval/loss"];

    public double Accuracy => Reward["eval/rewards/accuracies"].Last;

    /// <summary>The mean score of responses to held-out prompts, before and after.</summary>
    public (double First, double Last) Scores => Ppo["eval/score"];

    public double KlPerResponse => Ppo["eval/kl"].Last;

    /// <summary>The share of responses to held-out prompts that end with EOS.</summary>
    public double Ended => Ppo["eval/ended"].Last;

    /// <summary>Writes summary.json.</summary>
    public void WriteSummary(string file)
    {
        var json = new JsonObject
        {
            ["seed"] = Seed,
            ["annotator"] = "a simulated guest",
            ["wallSeconds"] = Math.Round(Time.TotalSeconds, 2),
            ["peakMemoryBytes"] = Process.GetCurrentProcess().PeakWorkingSet64,
            ["pretrain"] = new JsonObject
            {
                ["lossFirst"] = PretrainLoss.First,
                ["lossLast"] = PretrainLoss.Last,
                ["tokensPerSecond"] = Math.Round(Pretrain.TokensPerSecond),
            },
            ["sft"] = new JsonObject { ["lossFirst"] = SftLoss.First, ["lossLast"] = SftLoss.Last },
            ["rewardModel"] = new JsonObject { ["accuracyHeldOut"] = Accuracy, ["ceilingHeldOut"] = Ceiling },
            ["ppo"] = new JsonObject
            {
                ["steps"] = Ppo.Steps,
                ["scoreBefore"] = Scores.First,
                ["scoreAfter"] = Scores.Last,
                ["preferredBefore"] = PreferredBefore,
                ["preferredAfter"] = PreferredAfter,
                ["winRate"] = WinRate,
                ["klPerResponse"] = KlPerResponse,
                ["distinct"] = Distinct,
                ["ended"] = Ended,
            },
        };
        AtomicWrite.File(file, json.ToJsonString(new() { WriteIndented = true }) + "\n");
    }
}
