using System.Diagnostics;
using Attune.Data;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.OnPolicy;

/// <summary>Learning from answers the policy gives itself: respond, score, estimate, optimise.</summary>
public sealed class OnPolicyLoop(
    Run run, Policy policy, Reference reference, IRewardSource rewards, ScorePipeline pipeline, IOnPolicyAlgorithm algorithm, Optimization optimization, BatchOptions options)
{
    readonly MicroBatches microBatches = new(optimization.Optimizer, options);

    /// <summary>Text that is learned from beside; null for none.</summary>
    internal PretrainingMix? Mix { get; init; }

    /// <summary>Follows the weights; null for none.</summary>
    public MovingAverage? Average { get; init; }

    /// <summary>Steps at the start in which only the critic learns.</summary>
    public int CriticWarmup { get; init; }

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
            var clock = Stopwatch.StartNew();
            Optimise(experience, step);
            reference.Follow(step.Number);
            step.Log("time/optimise", clock.Elapsed.TotalSeconds);
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
        rollouts = Examine(rollouts);
        step.Log("time/score", clock.Elapsed.TotalSeconds);
        step.Log("objective/scores", scores.Totals.Average());
        step.Log(scores.Parts.Select(part => KeyValuePair.Create($"rewards/{part.Key}", part.Value.Average())));
        return algorithm.Estimate(rollouts, pipeline.Shape(scores, rollouts), step);
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

    /// <summary>Adds what is computed of responses once, before they are learned from: frozen layers, reference and critic.</summary>
    Rollouts Examine(Rollouts rollouts)
    {
        if (policy.TrunkLayer is { } layer)
            rollouts = rollouts with { Trunk = new(layer, Each(rollouts, rollouts.TextLengths.Max(), part => policy.ReadTrunk(part, layer))) };
        rollouts = reference.Ask(of =>
        {
            var logprobs = Matrix(rollouts, part => of.Analyze(part).Logprobs);
            var nats = algorithm.NeedsFullKl ? Matrix(rollouts, part => Kl.Full(policy.Distribution(part), of.Distribution(part)).Reshape(part.Count, -1)) : null;
            return rollouts with { RefLogprobs = logprobs, FullKl = nats };
        });
        return policy.Critic is { ReadsAlong: false } ? rollouts with { Values = Matrix(rollouts, policy.Values) } : rollouts;
    }

    void Optimise(Experience experience, TrainingStep step)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        var (tried, skipped) = (0, 0);
        foreach (var rows in Enumerable.Range(0, algorithm.Epochs).SelectMany(_ => Minibatches(experience.Rollouts.Count)))
        {
            var number = step.Index * algorithm.Epochs * algorithm.MiniBatches + tried++;
            var (logged, verdict) = Update(experience.Select(rows), step, number);
            metrics.AddUp(logged);
            skipped += verdict == Verdict.Apply ? 0 : 1;
            if (verdict == Verdict.Stop)
                break;
        }
        step.Log(metrics.ToDictionary(metric => metric.Key, metric => metric.Value / tried, StringComparer.Ordinal));
        step.Log("policy/updates_left_out", algorithm.Epochs * algorithm.MiniBatches - tried + skipped);
    }

    /// <summary>Optimise: one update on some of the responses.</summary>
    (IReadOnlyDictionary<string, double> Metrics, Verdict Verdict) Update(Experience experience, TrainingStep step, int number)
    {
        using var scope = TensorScope.Open();
        double tokens = experience.Rollouts.TokenCount;
        var onlyCritic = step.Number <= CriticWarmup;
        optimization.Optimizer.ClearGradients();
        var metrics = microBatches.Backward(Parts(experience.Rollouts), rows =>
        {
            var part = experience.Select(rows);
            return algorithm.Compute(part, onlyCritic ? CriticAlone(part.Rollouts) : Analyze(part.Rollouts), tokens);
        });
        if (algorithm.Judge(metrics) is not Verdict.Apply and var verdict)
            return (metrics, verdict);
        if (!onlyCritic && Mix?.Backward(microBatches, number) is { } text)
            metrics["loss/text"] = text;
        var applied = optimization.Apply(step, metrics["loss"], () => string.Join("; ", experience.Rollouts.Prompts.Take(3).Select(prompt => prompt.Text.Quoted())));
        if (applied)
            Average?.Update();
        return (metrics, applied ? Verdict.Apply : Verdict.Skip);
    }

    Analysis Analyze(Rollouts rollouts)
    {
        if (!algorithm.LearnsFromFullKl)
            return policy.Analyze(rollouts, algorithm.NeedsEntropy);
        using var noGrad = Autograd.NoGrad();
        var distribution = reference.Ask(of => of.Distribution(rollouts));
        using var grad = Autograd.EnableGrad();
        return policy.Analyze(rollouts, algorithm.NeedsEntropy, distribution);
    }

    /// <summary>The policy as it was, and values to learn.</summary>
    Analysis CriticAlone(Rollouts rollouts) => new(rollouts.Logprobs, policy.Values(rollouts), Entropy: null);

    /// <summary>Something (B, T) of rollouts; 0 where the mask is false.</summary>
    Tensor Matrix(Rollouts rollouts, Func<Rollouts, Tensor> find) => Each(rollouts, rollouts.Mask.Size(1), part => find(part).MaskedFill(!part.Mask, 0));

    /// <summary>Something (B, columns, …) of rollouts without gradients, found some rows at a time; 0 behind what is found of a row.</summary>
    Tensor Each(Rollouts rollouts, long columns, Func<Rollouts, Tensor> find)
    {
        var parts = Parts(rollouts);
        Tensor? all = null;
        foreach (var (rows, found) in parts.Zip(WorkerThreads.Run(microBatches.Workers, parts, rows => Part(rollouts.Select(rows), find))))
        {
            all ??= Tensor.Zeros([rollouts.Count, columns, .. found.Shape[2..]], found.DType, found.Device);
            for (var i = 0; i < rows.Length; i++)
                all.Select(0, rows[i]).Slice(0, 0, found.Size(1)).CopyInPlace(found.Select(0, i));
            found.Dispose();
        }
        return all!;
    }

    static Tensor Part(Rollouts part, Func<Rollouts, Tensor> find)
    {
        using var noGrad = Autograd.NoGrad();                         // of this thread
        using var scope = TensorScope.Open();
        return scope.Keep(find(part));
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
        [.. Enumerable.Range(0, rollouts.Count)], row => rollouts.TextLengths[row]);
}
