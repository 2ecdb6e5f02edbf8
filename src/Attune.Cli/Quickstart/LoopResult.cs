using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Quickstart;
using Attune.Reporting.Files;

namespace Attune.Cli.Quickstart;

/// <summary>An answer before PPO and one after it, with what the simulated guest's taste without noise says of both.</summary>
sealed record JudgedPair(string Prompt, string Before, string After, Judgement JudgedBefore, Judgement JudgedAfter)
{
    public static JudgedPair Judge(SimulatedGuest guest, string prompt, string before, string after) =>
        new(prompt, before, after, guest.Judge(prompt, before), guest.Judge(prompt, after));

    /// <summary>1 where the later answer is better, 0 where the earlier one is, ½ for a tie.</summary>
    public double Win => Math.Sign(JudgedAfter.Score - JudgedBefore.Score) / 2.0 + 0.5;
}

/// <summary>What the loop reached.</summary>
/// <param name="Output">The folder of all its runs.</param>
/// <param name="Seed">The seed of every stage.</param>
/// <param name="Time">What the runs took over all sittings, and the rest in this one.</param>
/// <param name="Pretrain">A stage.</param>
/// <param name="Sft">A stage.</param>
/// <param name="Reward">A stage.</param>
/// <param name="Ppo">A stage.</param>
/// <param name="Ceiling">The accuracy that the noise of the rankings leaves to a reward model.</param>
sealed record LoopResult(string Output, int Seed, TimeSpan Time, Stage Pretrain, Stage Sft, Stage Reward, Stage Ppo, double Ceiling)
{
    /// <summary>A pair for every held-out prompt.</summary>
    public required IReadOnlyList<JudgedPair> Pairs { get; init; }

    public double PreferredBefore => Pairs.Average(pair => pair.JudgedBefore.IsGood ? 1.0 : 0);

    public double PreferredAfter => Pairs.Average(pair => pair.JudgedAfter.IsGood ? 1.0 : 0);

    public double WinRate => Pairs.Average(pair => pair.Win);

    /// <summary>Distinct answers after PPO, as a share of all.</summary>
    public double Distinct => Pairs.Select(pair => pair.After).Distinct(StringComparer.Ordinal).Count() / (double)Pairs.Count;

    /// <summary>The losses are those on held-out texts.</summary>
    public (double First, double Last) PretrainLoss => Pretrain["eval/loss"];

    public (double First, double Last) SftLoss => Sft["eval/loss"];

    public double Accuracy => Reward["eval/rewards/accuracies"].Last;

    /// <summary>The reward model's mean score of held-out answers, before and after.</summary>
    public (double First, double Last) Scores => Ppo["eval/score"];

    public double KlPerResponse => Ppo["eval/kl"].Last;

    /// <summary>The share of held-out answers that end before the greatest length.</summary>
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
