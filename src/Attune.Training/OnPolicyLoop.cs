using System.Diagnostics;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training;

/// <summary>Learning from answers the policy gives itself: respond, score, estimate, optimise.</summary>
public sealed class OnPolicyLoop(Run run, Policy policy, Policy reference, IRewardSource rewards, ScorePipeline pipeline, IOnPolicyAlgorithm algorithm, Optimization optimization, BatchOptions options)
{
    readonly MicroBatches microBatches = new(optimization.Optimizer, options);

    /// <summary>Trains until the last step, or until it is cancelled.</summary>
    /// <param name="prompts">All of them, in tokens.</param>
    /// <param name="order">Which of them a step sees.</param>
    /// <param name="steps">Of the whole run.</param>
    /// <param name="evaluate">Looks at held-out prompts.</param>
    /// <param name="cancellation">Stops at the next step boundary, with a checkpoint.</param>
    public void Train(IReadOnlyList<TokenPrompt> prompts, BatchOrder order, int steps, Func<EvaluationResult> evaluate, CancellationToken cancellation)
    {
        run.InWords = algorithm.InWords;
        run.Register("scores", pipeline.Moments);
        foreach (var (name, state) in rewards.States.Concat(algorithm.States))
            run.Register(name, state);
        foreach (var step in run.Steps(steps, evaluate, cancellation))
        {
            TokenPrompt[] batch = [.. order.Batch(step.Index).Select(index => prompts[index])];
            var experience = Collect(batch, step);
            var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
            var updates = 0;
            var clock = Stopwatch.StartNew();
            for (var epoch = 0; epoch < algorithm.Epochs; epoch++)
                foreach (var rows in Minibatches(experience.Rollouts.Count))
                    if (Update(experience.Select(rows), step) is { } logged)
                    {
                        metrics.AddUp(logged);
                        updates++;
                    }
            step.Log("time/optimise", clock.Elapsed.TotalSeconds);
            step.Log(metrics.ToDictionary(metric => metric.Key, metric => metric.Value / updates, StringComparer.Ordinal));
        }
    }

    /// <summary>Respond, score, estimate.</summary>
    Experience Collect(TokenPrompt[] prompts, TrainingStep step)
    {
        using var noGrad = Autograd.NoGrad();
        var clock = Stopwatch.StartNew();
        var before = run.Random.State;
        var rollouts = policy.Respond(prompts, run.Random, algorithm.SamplesPerPrompt);
        step.Log("time/rollout", clock.Elapsed.TotalSeconds);
        clock.Restart();
        var scores = Score(rollouts, step, before);
        var refLogprobs = Logprobs(reference, rollouts);
        step.Log("time/score", clock.Elapsed.TotalSeconds);
        step.Log("objective/scores", scores.Totals.Average());
        step.Log(scores.Parts.Select(part => KeyValuePair.Create($"rewards/{part.Key}", part.Value.Average())));
        return algorithm.Estimate(rollouts, pipeline.Shape(scores, rollouts), refLogprobs, step);
    }

    /// <summary>Scores; or the end of the run, saved as it was before the step, when a source fails.</summary>
    Scores Score(Rollouts rollouts, TrainingStep step, byte[] before)
    {
        try
        {
            return rewards.ScoreToLearn(rollouts);
        }
        catch (InvalidDataException error)
        {
            run.Random.State = before;
            throw run.Stop(step.Index, error.Message);
        }
    }

    /// <summary>Optimise: one update on some of the responses; null when it could not be applied.</summary>
    IReadOnlyDictionary<string, double>? Update(Experience experience, TrainingStep step)
    {
        using var scope = TensorScope.Open();
        double tokens = experience.Rollouts.TokenCount;
        optimization.Optimizer.ClearGradients();
        var metrics = microBatches.Backward(Parts(experience.Rollouts), rows =>
        {
            var part = experience.Select(rows);
            return algorithm.Compute(part, policy.Analyze(part.Rollouts, algorithm.NeedsEntropy), tokens);
        });
        var applied = optimization.Apply(step, metrics["loss"], () => string.Join("; ", experience.Rollouts.Prompts.Take(3).Select(prompt => prompt.Text.Quoted())));
        return applied ? metrics : null;
    }

    /// <summary>(B, T) without gradients, some rows at a time.</summary>
    Tensor Logprobs(Policy other, Rollouts rollouts)
    {
        var length = rollouts.Mask.Size(1);
        var logprobs = Tensor.Zeros([rollouts.Count, length], DType.Float32, rollouts.Mask.Device);
        var parts = Parts(rollouts);
        foreach (var (rows, found) in parts.Zip(WorkerThreads.Run(microBatches.Workers, parts, rows => Logprobs(other, rollouts, rows))))
        {
            for (var i = 0; i < rows.Length; i++)
                logprobs.Select(0, rows[i]).Slice(0, 0, found.Size(1)).CopyInPlace(found.Select(0, i));
            found.Dispose();
        }
        return logprobs;
    }

    /// <summary>(rows, T') without gradients.</summary>
    static Tensor Logprobs(Policy other, Rollouts rollouts, int[] rows)
    {
        using var noGrad = Autograd.NoGrad();                         // of this thread
        using var scope = TensorScope.Open();
        var part = rollouts.Select(rows);
        return scope.Keep(other.Analyze(part).Logprobs.MaskedFill(!part.Mask, 0));
    }

    /// <summary>The rows in a random order, in parts of nearly one size.</summary>
    IEnumerable<int[]> Minibatches(int count)
    {
        var order = Tensor.Uniform([count], run.Random, DType.Float64).Sort(0).Indices.ToArray<long>();
        var parts = Math.Min(algorithm.MiniBatches, count);
        return Enumerable.Range(0, parts).Select(part => Array.ConvertAll(order[(part * count / parts)..((part + 1) * count / parts)], row => (int)row));
    }

    /// <summary>All rows in micro-batches.</summary>
    IReadOnlyList<int[]> Parts(Rollouts rollouts) => microBatches.Split(
        [.. Enumerable.Range(0, rollouts.Count)], row => rollouts.Prompts[row].Tokens.Length + rollouts.Completions[row].Tokens.Length);
}
