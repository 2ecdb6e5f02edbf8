using System.Diagnostics;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Health;
using Attune.Training.Optimizers;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Rejection;

/// <summary>
/// The loop of rejection-sampling fine-tuning: sample and score the responses of a round, then make its improvement steps, each of which
/// selects responses and fine-tunes on them. A step of the run is an improvement step.
/// </summary>
/// <param name="run">Resumes, logs, evaluates and saves.</param>
/// <param name="policy">Samples responses, and is trained.</param>
/// <param name="rewards">Scores the responses.</param>
/// <param name="options">Rounds and selection.</param>
/// <param name="optimization">Updates the parameters.</param>
/// <param name="batches">Responses of an update, and of a forward pass.</param>
public sealed class RftLoop(
    Run run, Policy policy, IRewardSource rewards, RftOptions options, ScheduledOptimizer optimization, BatchOptions batches)
{
    const int RowsAtOnce = 128;

    readonly Rft rft = new(options);
    readonly ResponsePool pool = new(run.Folder.Responses, options.KeepRounds);
    readonly MicroBatches microBatches = new(optimization.Optimizer, batches);
    readonly NextToken objective = new(
        policy.Model, policy.Tokenizer, (logits, targets) => CrossEntropy.Smoothed(logits, targets, labelSmoothing: 0));

    /// <summary>Transforms the scores of the rewards into those to select by.</summary>
    public ScorePipeline Scoring { get; init; } = new(new());

    /// <summary>Trains until the last step, or until it is cancelled.</summary>
    /// <param name="prompts">The training prompts, in tokens.</param>
    /// <param name="steps">The improvement steps of the whole run.</param>
    /// <param name="evaluate">Evaluates on held-out prompts.</param>
    /// <param name="cancellation">Stops sampling, or at the next step boundary, with a checkpoint.</param>
    public void Train(
        IReadOnlyList<TokenPrompt> prompts, int steps, Func<EvaluationResult> evaluate, CancellationToken cancellation)
    {
        run.Summarize = Summarize;
        run.Register("responses", pool);
        if (optimization.Notice is { } notice)
            run.Notice(notice);
        foreach (var step in run.Steps(steps, evaluate, cancellation))
        {
            if (step.Index / options.ImproveSteps == pool.Rounds)
                BeginRound(prompts, step, cancellation);
            LogRound(step);
            var selected = rft.Select(pool.Responses, step.Index);
            LogSelection(selected, step);
            FineTune(selected.Responses, prompts, step);
            policy.Generator.Sync();
        }
    }

    /// <summary>
    /// Samples and scores a round. The responses are written before they are scored, and a checkpoint after it, so that neither is
    /// repeated when the run is killed.
    /// </summary>
    void BeginRound(IReadOnlyList<TokenPrompt> prompts, TrainingStep step, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            var rows = RowsOfRound(prompts.Count);
            var sampled = SampledBefore(rows) ?? Sample(rows, prompts, cancellation);
            step.Log("time/rollout", clock.Elapsed.TotalSeconds);
            clock.Restart();
            var scored = Score(sampled, prompts);
            step.Log("time/score", clock.Elapsed.TotalSeconds);
            pool.WriteNext(scored);
            pool.Add(scored);
        }
        catch (InvalidDataException error)
        {
            throw run.Stop(step.Index, error.Message);
        }
        catch (OperationCanceledException)
        {
            run.SaveStopped(step.Index);
            throw;
        }
        run.SaveWithinStep(step.Index);
    }

    int[] RowsOfRound(int prompts) => new BatchOrder(prompts, options.PromptsOfRound(prompts), run.Seed).Batch(pool.Rounds);

    /// <summary>What a process that was killed had sampled for the round; null for nothing, or for what another recipe sampled.</summary>
    IReadOnlyList<SampledResponse>? SampledBefore(int[] rows) =>
        pool.SampledForNext() is { } sampled && sampled.Select(response => response.Row)
            .SequenceEqual(rows.SelectMany(row => Enumerable.Repeat(row, options.SamplesPerPrompt))) ? sampled : null;

    /// <summary>Samples the responses of the next round, in parts with random sources of their own, and writes them.</summary>
    List<SampledResponse> Sample(int[] rows, IReadOnlyList<TokenPrompt> prompts, CancellationToken cancellation)
    {
        (int Index, int[] Rows)[] parts = [.. rows.Chunk(Math.Max(1, RowsAtOnce / options.SamplesPerPrompt)).Index()];
        var workers = policy.Generator is TextGenerator ? microBatches.Workers : WorkerThreads.Single;
        var responses = workers.Map(parts, part => policy.Sample(
            [.. part.Rows.Select(row => prompts[row])], SeedOf(part.Index), options.SamplesPerPrompt, cancellation));
        List<SampledResponse> sampled =
        [
            .. responses.SelectMany(part => part).Select((response, at) => Describe(rows[at / options.SamplesPerPrompt], response)),
        ];
        pool.WriteNext(sampled);
        return sampled;

        SampledResponse Describe(int row, Response response) =>
            new(row, prompts[row].Text, policy.Tokenizer.TextOf(response), response.Tokens, response.Logprobs, response.Ended)
            {
                StopString = response.StopString,
            };
    }

    /// <summary>Differs for every part of every round, and from the seeds of evaluations.</summary>
    ulong SeedOf(int part) => ((ulong)(uint)run.Seed << 40) + ((ulong)(pool.Rounds + 1) << 20) + (ulong)part;

    /// <summary>The responses with their scores; those without a score are left out.</summary>
    /// <exception cref="InvalidDataException">A source failed, or no response has a score.</exception>
    IReadOnlyList<SampledResponse> Score(IReadOnlyList<SampledResponse> sampled, IReadOnlyList<TokenPrompt> prompts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var rollouts = Rollouts.From(
            [.. sampled.Where((_, at) => at % options.SamplesPerPrompt == 0).Select(response => prompts[response.Row])],
            [.. sampled.Select(response => new Response(response.Tokens, response.Logprobs, [], response.Ended)
            {
                StopString = response.StopString,
            })],
            policy.Model.Device);
        var scores = rewards.ScoreAndUpdateStatistics(rollouts);
        var (totals, shaped) = (scores.Totals, Scoring.Shape(scores, rollouts).Totals);
        SampledResponse[] scored = [.. sampled.Select((response, at) => response with
        {
            Score = totals[at],
            Reward = shaped[at],
            Parts = scores.Parts.Count == 0
                ? null
                : scores.Parts.Where(part => !double.IsNaN(part.Value[at]))
                    .ToDictionary(part => part.Key, part => part.Value[at], StringComparer.Ordinal),
        }).Where(response => !double.IsNaN(response.Score!.Value))];
        return scored.Length > 0 ? scored
            : throw new InvalidDataException("the rewards gave none of the responses a score; at least one must have a score");
    }

    /// <summary>The metrics of the round's responses, the same in each of its steps.</summary>
    void LogRound(TrainingStep step)
    {
        var round = pool.Last;
        int[][] tokens = [.. round.Select(response => response.Tokens)];
        step.Log("rft/round", pool.Rounds);
        step.Log("objective/scores", round.Average(response => response.Score!.Value));
        foreach (var part in round.SelectMany(response => response.Parts?.ToArray() ?? [])
                     .GroupBy(part => part.Key, StringComparer.Ordinal))
            step.Log($"rewards/{part.Key}", part.Average(score => score.Value));
        if (policy.Generator.ReportsLogprobs)
            step.Log("objective/entropy", -round.Average(response => response.Logprobs.Sum()));
        step.Log("responses/length", tokens.Average(response => response.Length));
        step.Log("responses/repetition", Repetition.Measure(tokens));
        step.Log("responses/distinct", Repetition.Distinct(tokens));
        step.Log("responses/ended", round.Average(response => response.Ended ? 1.0 : 0.0));
    }

    void LogSelection(RftSelected selected, TrainingStep step)
    {
        step.Log("rft/selected", selected.Responses.Count);
        step.Log("rft/selected_share", selected.Responses.Count / (double)pool.Responses.Count());
        step.Log("rft/prompts", selected.Responses.Select(response => response.Prompt).Distinct(StringComparer.Ordinal).Count()
            / (double)selected.Thresholds.Count);
        if (selected.Responses.Count > 0)
        {
            step.Log("rft/threshold", selected.Thresholds.Average());
            step.Log("rft/selected_scores", selected.Responses.Average(response => response.Score!.Value));
        }
    }

    /// <summary>One pass over the selected responses, in a random order.</summary>
    void FineTune(IReadOnlyList<SampledResponse> selected, IReadOnlyList<TokenPrompt> prompts, TrainingStep step)
    {
        if (selected.Count == 0)
        {
            step.Skip("all responses have the same reward, so that none is better than others");
            return;
        }
        var clock = Stopwatch.StartNew();
        var totals = new LossTotals();
        var order = new BatchOrder(selected.Count, selected.Count, run.Seed).Batch(step.Index);
        int[][] updates = [.. order.Chunk(batches.BatchSize)];
        foreach (var update in updates)
            Update([.. update.Select(index => Row(prompts[selected[index].Row], selected[index]))], step, totals);
        step.Log(totals.Metrics.Select(metric => KeyValuePair.Create(metric.Key, metric.Value / updates.Length)));
        step.Log("tokens", totals.Metrics["tokens"]);
        step.Log("time/optimise", clock.Elapsed.TotalSeconds);
    }

    void Update(TokenRow[] rows, TrainingStep step, LossTotals totals)
    {
        using var scope = TensorScope.Open();
        optimization.Optimizer.ClearGradients();
        var count = objective.Count(rows);
        var update = microBatches.Backward(microBatches.Split(rows, objective.Length), part => objective.Compute(part, count));
        totals.Add(update);
        optimization.Apply(step, update.Loss, () => string.Join("; ", rows.Take(3).Select(objective.Describe)));
    }

    /// <summary>A response after its prompt; the loss covers the response, with the end-of-sequence token if it ended.</summary>
    TokenRow Row(TokenPrompt prompt, SampledResponse response)
    {
        int[] before = policy.Model.Backbone.StartToken is { } start ? [start] : prompt.Tokens;
        int[] tokens = [.. before, .. response.Tokens];
        return new(tokens, [.. tokens.Select((_, at) => at >= before.Length)])
        {
            Source = policy.Model.Backbone.StartToken is null ? null : prompt.Tokens,
        };
    }

    static string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}, {NumberFormat.Number(metrics["rft/selected"])} selected"
        + (metrics.TryGetValue("loss", out var loss) ? $", loss {NumberFormat.Fixed(loss, 3)}" : "");
}
