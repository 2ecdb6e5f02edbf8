using System.Diagnostics;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.OnPolicy;

/// <summary>
/// Samples and scores the responses of a step. Groups whose responses all have the same score can be replaced by those of other prompts: Yu
/// et al. 2025, eq. 11 ("dynamic sampling"), https://arxiv.org/abs/2503.14476. The statistics of a source are updated last, with the
/// responses of the step, so that a source that fails leaves nothing changed.
/// </summary>
/// <param name="run">Draws prompts and tokens.</param>
/// <param name="policy">Samples the responses.</param>
/// <param name="rewards">Scores them.</param>
/// <param name="updates">How many responses, and how often groups are replaced.</param>
sealed class StepSampler(Run run, Policy policy, IRewardSource rewards, UpdateOptions updates)
{
    readonly Stopwatch sampling = new();

    /// <summary>The score pipeline, for the scores of greedy responses; null where these are not needed.</summary>
    public ScorePipeline? Greedy { get; init; }

    /// <summary>Samples a response of another policy to each prompt; null for none.</summary>
    public Func<IReadOnlyList<TokenPrompt>, Rollouts>? Opponent { get; init; }

    /// <summary>Samples the responses of later steps in the background; null where each step samples its own.</summary>
    public RolloutsAhead? Ahead { get; init; }

    /// <summary>Seconds that were spent on sampling; the rest of the time is that of the source.</summary>
    public double SamplingSeconds => sampling.Elapsed.TotalSeconds;

    /// <param name="prompts">All prompts.</param>
    /// <param name="batch">The indices of those of the step.</param>
    /// <param name="step">The step that the share of replaced groups is logged to.</param>
    /// <exception cref="InvalidDataException">A source failed.</exception>
    public ScoredRollouts Sample(IReadOnlyList<TokenPrompt> prompts, int[] batch, TrainingStep step)
    {
        sampling.Reset();
        var rollouts = Ahead is null ? Respond(prompts, batch) : Take(Ahead, prompts, batch, step);
        Scores? scores = null;
        if (updates.MaxResamplings > 0)
            (rollouts, scores) = Resample(new(rollouts, rewards.Score(rollouts)), prompts, batch, step);
        if (Greedy is not null)
            rollouts = AddGreedyScores(rollouts, Greedy);
        return new(rollouts, scores is null || rewards.States.Any() ? rewards.ScoreAndUpdateStatistics(rollouts) : scores);
    }

    ScoredRollouts Resample(ScoredRollouts sampled, IReadOnlyList<TokenPrompt> prompts, int[] batch, TrainingStep step)
    {
        var used = batch.ToHashSet();
        var replaced = 0;
        for (var time = 0; time < updates.MaxResamplings && sampled.WithoutSignal() is { Length: > 0 } groups; time++)
        {
            var others = Respond(prompts, Draw(prompts.Count, groups.Length, used));
            sampled = sampled.Replace(groups, new(others, rewards.Score(others)));
            replaced += groups.Length - sampled.WithoutSignal().Length;
        }
        step.Log("responses/groups_replaced", replaced / (double)batch.Length);
        return sampled;
    }

    /// <summary>Prompts in a random order, those first that the step has not used.</summary>
    int[] Draw(int count, int draws, HashSet<int> used)
    {
        var order = Tensor.Uniform([count], run.Random, DType.Float64).Sort(0).Indices.ToArray<long>();
        int[] drawn = [.. Enumerable.Range(0, draws).Zip(
            Forever([.. order.Select(index => (int)index).OrderBy(used.Contains)]), (_, index) => index)];
        used.UnionWith(drawn);
        return drawn;

        static IEnumerable<int> Forever(int[] all)
        {
            while (true)
                foreach (var index in all)
                    yield return index;
        }
    }

    Rollouts Respond(IReadOnlyList<TokenPrompt> prompts, int[] indices) =>
        Respond([.. indices.Select(index => prompts[index])], asked => policy.Respond(asked, run.Random, updates.SamplesPerPrompt));

    Rollouts Take(RolloutsAhead ahead, IReadOnlyList<TokenPrompt> prompts, int[] batch, TrainingStep step)
    {
        step.Log("rollout/queue", ahead.Ready);
        return Respond(
            [.. batch.Select(index => prompts[index])],
            asked => Rollouts.From(asked, ahead.Take(step.Index), policy.Model.Device));
    }

    Rollouts Respond(TokenPrompt[] asked, Func<TokenPrompt[], Rollouts> respond)
    {
        sampling.Start();
        var rollouts = respond(asked);
        if (Opponent is not null)
            rollouts = rollouts.WithOpponents(Opponent(asked));
        sampling.Stop();
        return rollouts;
    }

    Rollouts AddGreedyScores(Rollouts rollouts, ScorePipeline pipeline)
    {
        sampling.Start();
        var greedy = policy.RespondGreedily([.. rollouts.Prompts.Where((_, row) => row % rollouts.GroupSize == 0)], run.Random);
        sampling.Stop();
        var scores = pipeline.Shape(rewards.Score(greedy), greedy).Totals;
        return rollouts with { GreedyScores = [.. scores.SelectMany(score => Enumerable.Repeat(score, rollouts.GroupSize))] };
    }
}
