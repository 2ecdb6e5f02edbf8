using System.Diagnostics;
using Attune.Data;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Environments;
using Attune.Training.Estimation;
using Attune.Training.Health;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;

namespace Attune.Training.OnPolicy;

/// <summary>The training loop on responses that the policy samples: respond, score, estimate, optimise.</summary>
/// <param name="run">Resumes, logs, evaluates and saves.</param>
/// <param name="policy">Samples responses, and is trained.</param>
/// <param name="rewards">Scores the responses.</param>
/// <param name="algorithm">Turns scores into advantages, and advantages into a loss.</param>
/// <param name="optimization">Updates the parameters.</param>
/// <param name="batches">The sizes of micro-batches.</param>
public sealed class OnPolicyLoop(
    Run run, Policy policy, IRewardSource rewards, IOnPolicyAlgorithm algorithm, ScheduledOptimizer optimization, BatchOptions batches)
{
    readonly ResponseBatches responseBatches = new(new(optimization.Optimizer, batches));
    RolloutsAhead? ahead;

    /// <summary>What KL is measured from; null where it is neither penalised nor logged.</summary>
    public Reference? Reference { get; init; }

    /// <summary>The penalty on the KL from the reference; null without one.</summary>
    public KlPenalty? Kl { get; init; }

    /// <summary>Transforms the scores of the source into those to train on.</summary>
    public ScorePipeline Scoring { get; init; } = new(new());

    public UpdateOptions Updates { get; init; } = new();

    /// <summary>Language modelling on a text in the same updates (PPO-ptx); null for none.</summary>
    public IAuxiliaryLoss? Mix { get; init; }

    /// <summary>How responses that servers sampled are corrected for, and how old their weights may be.</summary>
    public RolloutOptions Rollout { get; init; } = new() { Correction = ImportanceCorrection.None };

    StepSampler Sampler => field ??= new(run, policy, rewards, Updates)
    {
        Ahead = ahead,
        Greedy = algorithm.NeedsGreedyScores ? Scoring : null,
        Opponent = algorithm.Opponent is { } opponent ? prompts => Respond(opponent, prompts) : null,
    };

    /// <summary>Averages the weights; null for none.</summary>
    public MovingAverage? Average { get; init; }

    /// <summary>Steps at the start in which only the critic is trained.</summary>
    public int CriticWarmup { get; init; }

    /// <summary>Trains until the last step, or until it is cancelled.</summary>
    /// <param name="prompts">The training prompts, in tokens.</param>
    /// <param name="order">The order of the prompts.</param>
    /// <param name="steps">The steps of the whole run.</param>
    /// <param name="evaluate">Evaluates on held-out prompts.</param>
    /// <param name="cancellation">Stops at the next step boundary, with a checkpoint.</param>
    public void Train(
        IReadOnlyList<TokenPrompt> prompts, BatchOrder order, int steps, Func<EvaluationResult> evaluate, CancellationToken cancellation)
    {
        run.Summarize = algorithm.Summarize;
        algorithm.Prepare(prompts);
        if (optimization.Notice is { } notice)
            run.Notice(notice);
        using var sampledAhead = ahead = NewAhead(prompts, order, steps);
        foreach (var step in run.Steps(steps, evaluate, cancellation))
        {
            var experience = Collect(prompts, order.Batch(step.Index), step);
            Optimise(experience, step);
            policy.Generator.Sync();
            algorithm.AfterStep(step.Number);
            Reference?.Sync(step.Number);
        }
    }

    RolloutsAhead? NewAhead(IReadOnlyList<TokenPrompt> prompts, BatchOrder order, int steps) => Rollout.MaxStaleness == 0 ? null : new(
        policy, step => [.. order.Batch(step).Select(index => prompts[index])], steps, Rollout.MaxStaleness, Updates.SamplesPerPrompt,
        run.Seed);

    /// <summary>Respond, score, estimate: everything before the first update, without gradients.</summary>
    /// <param name="prompts">All prompts.</param>
    /// <param name="batch">The indices of those of the step.</param>
    /// <param name="step">The step.</param>
    Experience Collect(IReadOnlyList<TokenPrompt> prompts, int[] batch, TrainingStep step)
    {
        using var noGrad = Autograd.NoGrad();
        var clock = Stopwatch.StartNew();
        var (rollouts, scores) = Sample(prompts, batch, step);
        rollouts = AddValuesAndKl(AddFrozenActivations(rollouts), step);
        step.Log("time/rollout", Sampler.SamplingSeconds);
        step.Log("time/score", clock.Elapsed.TotalSeconds - Sampler.SamplingSeconds);
        var (own, ownScores) = new ScoredRollouts(rollouts, scores).WithoutOpponents();
        LogRollouts(own, ownScores, step);
        if (rollouts.GroupSize > 1 && rewards is not NoReward)
            step.Log("responses/groups_without_signal", Advantages.GroupsWithoutSignal(scores.Totals, rollouts.GroupSize));
        var experience = algorithm.Estimate(rollouts, Scoring.Shape(scores, rollouts), step);
        Kl?.Update(own, ownScores, step);
        return experience;
    }

    Rollouts Respond(Func<Policy, Policy> opponent, IReadOnlyList<TokenPrompt> prompts)
    {
        using var lease = Reference!.Use();
        return opponent(lease.Policy).Respond(prompts, run.Random);
    }

    /// <summary>
    /// Responses with scores. When a source fails or the run is cancelled, the run saves its state before the step and stops.
    /// </summary>
    ScoredRollouts Sample(IReadOnlyList<TokenPrompt> prompts, int[] batch, TrainingStep step)
    {
        var randomBefore = run.Random.State;
        try
        {
            return Sampler.Sample(prompts, batch, step);
        }
        catch (InvalidDataException error)
        {
            run.Random.State = randomBefore;
            throw run.Stop(step.Index, error.Message);
        }
        catch (OperationCanceledException)
        {
            run.Random.State = randomBefore;
            run.SaveStopped(step.Index);
            throw;
        }
    }

    Rollouts AddFrozenActivations(Rollouts rollouts)
    {
        if (policy.FrozenLayer is not { } layer)
            return rollouts;
        var hidden = responseBatches.PerColumn(rollouts, rollouts.TextLengths.Max(), part => policy.StatesBelow(layer, part));
        return rollouts with { FrozenActivations = new(layer, hidden) };
    }

    Rollouts AddValuesAndKl(Rollouts rollouts, TrainingStep step)
    {
        if (!policy.Generator.ReportsLogprobs)
            rollouts = new RolloutCorrection(Rollout).AddTo(rollouts, policy, responseBatches, step);
        if (policy.Critic is not null && rollouts.Values is null)
            rollouts = rollouts with { Values = responseBatches.PerToken(rollouts, policy.Values) };
        if (algorithm.NeedsSampledEntropy)
            rollouts = rollouts with
            {
                Entropy = responseBatches.PerToken(rollouts, part => policy.Analyze(part, withEntropy: true).Entropy!),
            };
        return Kl?.AddTo(rollouts, Reference!, policy, responseBatches) ?? rollouts;
    }

    static void LogRollouts(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        step.Log("objective/scores", Advantages.Mean(scores.Totals));
        step.Log(scores.Parts.Select(part => KeyValuePair.Create($"rewards/{part.Key}", Advantages.Mean(part.Value))));
        if (scores.MissingCount > 0)
            step.Log("responses/without_score", scores.MissingCount / (double)rollouts.Count);
        step.Log("objective/entropy", -rollouts.Logprobs.Sum(1).Mean().Item());
        step.Log("responses/length", (double)rollouts.TokenCount / rollouts.Count);
        int[][] responses = [.. rollouts.Completions.Select(completion => completion.SampledTokens)];
        step.Log("responses/repetition", Repetition.Measure(responses));
        step.Log("responses/distinct", Repetition.Distinct([.. responses.Where((_, row) => row % rollouts.GroupSize == 0)]));
        var ended = rollouts.Completions.Count(completion => completion.Ended) / (double)rollouts.Count;
        EpisodeResponse[] episodes = [.. rollouts.Completions.OfType<EpisodeResponse>()];
        step.Log(episodes.Length > 0 ? "episodes/ended" : "responses/ended", ended);
        LogEpisodes(episodes, step);
    }

    static void LogEpisodes(EpisodeResponse[] episodes, TrainingStep step)
    {
        if (episodes.Length == 0)
            return;
        step.Log("episodes/turns", episodes.Average(episode => episode.Turns.Count));
        var replies = episodes.SelectMany(episode => episode.Turns).Select(turn => turn.Reply).OfType<Reply>().ToList();
        var calls = replies.Sum(reply => reply.ToolCalls);
        if (calls == 0)
            return;
        step.Log("episodes/tool_calls", calls / (double)episodes.Length);
        step.Log("episodes/tool_errors", replies.Sum(reply => reply.ToolErrors) / (double)calls);
    }

    /// <summary>The updates of a step.</summary>
    void Optimise(Experience experience, TrainingStep step)
    {
        var clock = Stopwatch.StartNew();
        var totals = new LossTotals();
        var (tried, applied) = (0, 0);
        if (algorithm is IPolicyUpdate own && step.Number > CriticWarmup)
            own.UpdatePolicy(experience, responseBatches, step);
        foreach (var rows in Enumerable.Range(0, Updates.Epochs).SelectMany(_ => Minibatches(experience.Rollouts.Count)))
        {
            var action = Update(experience.Select(rows), step, step.Index * Updates.Count + tried++, totals);
            if (tried == 1 && totals.Shift is { } shift)
                step.Log("policy/first_approx_kl", shift.ApproxKl);
            applied += action == UpdateAction.Apply ? 1 : 0;
            if (action == UpdateAction.Stop)
                break;
        }
        step.Log(totals.Metrics.Select(metric => KeyValuePair.Create(metric.Key, metric.Value / tried)));
        step.Log("policy/updates_left_out", Updates.Count - applied);
        step.Log("time/optimise", clock.Elapsed.TotalSeconds);
    }

    /// <summary>An update on some of the responses; its metrics are added to those of the step.</summary>
    UpdateAction Update(Experience experience, TrainingStep step, int number, LossTotals totals)
    {
        using var scope = TensorScope.Open();
        var size = experience.Size;
        var criticOnly = algorithm is IPolicyUpdate || step.Number <= CriticWarmup;
        optimization.Optimizer.ClearGradients();
        var update = responseBatches.MicroBatches.Backward(responseBatches.Split(experience.Rollouts, algorithm.UnitSize), rows =>
            Loss(experience.Select(rows), criticOnly, size));
        totals.Add(update);
        if (algorithm.CheckUpdate(update) is not UpdateAction.Apply and var action)
            return action;
        if (Mix is not null && !criticOnly)
            foreach (var (name, value) in Mix.Backward(responseBatches.MicroBatches, number))
                totals.Add(name, value);
        if (!optimization.Apply(
            step, update.Loss, () => string.Join("; ", experience.Rollouts.Prompts.Take(3).Select(prompt => prompt.Text.Quoted()))))
            return UpdateAction.Skip;
        Average?.Update();
        algorithm.AfterUpdate(update);
        return UpdateAction.Apply;
    }

    Loss Loss(Experience experience, bool criticOnly, UpdateSize size)
    {
        var rollouts = experience.Rollouts;
        var analysis = criticOnly ? new(rollouts.Logprobs, policy.Values(rollouts), Entropy: null) : Analyze(rollouts);
        return algorithm.Compute(experience, analysis, size);
    }

    Analysis Analyze(Rollouts rollouts) => policy.Analyze(rollouts, algorithm.NeedsEntropy, Kl?.DistributionForLoss(rollouts, Reference!));

    /// <summary>The rows in a random order, in parts of nearly equal size.</summary>
    IEnumerable<int[]> Minibatches(int rows)
    {
        var count = rows / algorithm.UnitSize;
        int[] order = Array.ConvertAll(
            Tensor.Uniform([count], run.Random, DType.Float64).Sort(0).Indices.ToArray<long>(), unit => (int)unit);
        var parts = Math.Min(Updates.MiniBatches, count);
        return Enumerable.Range(0, parts).Select(part =>
            ResponseBatches.RowsOf(order[(part * count / parts)..((part + 1) * count / parts)], algorithm.UnitSize));
    }
}
