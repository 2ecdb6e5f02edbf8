using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Environments;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Evaluation;

/// <summary>
/// Measures a policy's responses to held-out prompts: score, KL from the reference, length, share that ended, share of distinct responses,
/// and samples to read. It has its own random sources, so that evaluating does not change a run.
/// </summary>
public sealed class PolicyEvaluation(
    Policy policy, Reference? reference, IRewardSource? rewards, IReadOnlyList<TokenPrompt> prompts, int seed)
{
    const int RowsAtOnce = 64;

    /// <summary>How many samples are kept to be read and compared.</summary>
    const int SamplesKept = 512;

    /// <summary>Runs with different seeds have different seeds of their parts, up to this number of parts.</summary>
    const ulong MaxParts = 1000;

    /// <summary>A second reward, which is only measured; null for none.</summary>
    public IRewardSource? GoldReward { get; init; }

    /// <summary>The model that the policy learns from; null for none.</summary>
    public Policy? Teacher { get; init; }

    /// <summary>Sample responses in parallel; the results are the same for any number of workers.</summary>
    public IWorkers Workers { get; init; } = WorkerThreads.Single;

    public EvaluationResult Evaluate()
    {
        if (prompts.Count == 0)
            return EvaluationResult.Empty;
        using var noGrad = Autograd.NoGrad();
        (int Index, TokenPrompt[] Prompts)[] parts = [.. prompts.Chunk(RowsAtOnce).Index()];
        var responses = Workers.Map(parts, part => policy.Sample(part.Prompts, Seed(part.Index)));
        var kl = KlOf(responses, parts, reference is null ? null : rollouts => SequenceKl(rollouts, reference));
        var teacherKl = KlOf(responses, parts, Teacher is null ? null : rollouts => SequenceKl(rollouts, Teacher));
        Sample[] samples = [.. parts.SelectMany(part =>
            Measure(part.Prompts, responses[part.Index], kl?[part.Index], teacherKl?[part.Index], Seed(part.Index)))];
        var metrics = samples.SelectMany(sample => sample.Numbers).GroupBy(number => number.Key, StringComparer.Ordinal).ToDictionary(
            numbers => $"eval/{numbers.Key}", numbers => numbers.Average(number => number.Value), StringComparer.Ordinal);
        var distinct = samples.Select(sample => sample.Completion).Distinct(StringComparer.Ordinal).Count();
        metrics["eval/distinct"] = distinct / (double)samples.Length;
        metrics[MetricGuide.HeldOutExamples] = samples.Length;
        if (metrics.ContainsKey("eval/score"))
            AddSpread(metrics, [.. samples.Where(sample => sample.Numbers.ContainsKey("score")).Select(sample => sample.Numbers["score"])]);
        return new(metrics, [.. samples.Take(SamplesKept)]);
    }

    static void AddSpread(Dictionary<string, double> metrics, double[] scores)
    {
        metrics["eval/score_p10"] = scores.Quantile(0.1);
        metrics["eval/score_p90"] = scores.Quantile(0.9);
    }

    ulong Seed(int part) => (ulong)seed * MaxParts + (ulong)part;

    /// <summary>Scores; a source that compares responses compares each with one of the reference, sampled with the same seed.</summary>
    Scores Score(IRewardSource source, Rollouts rollouts, ulong seed)
    {
        if (!source.ComparesResponses || reference is null)
            return source.Score(rollouts);
        using var lease = reference.Use();
        var opponents = Rollouts.From(rollouts.Prompts, lease.Policy.Sample(rollouts.Prompts, seed), rollouts.Mask.Device);
        var pairs = rollouts.WithOpponents(opponents);
        return source.Score(pairs).Select(pairs.OwnRows);
    }

    /// <summary>The KL of each response, of which each rank computes every n-th part; null where none is measured.</summary>
    float[][]? KlOf(
        IReadOnlyList<IReadOnlyList<Response>> responses, (int Index, TokenPrompt[] Prompts)[] parts, Func<Rollouts, float[]>? measure) =>
        measure is null ? null : RankWorkers.On(policy.Model.Device, threads: 1).Map(parts, part =>
        {
            using var scope = TensorScope.Open();
            return measure(Rollouts.From(part.Prompts, responses[part.Index], policy.Model.Device));
        });

    Sample[] Measure(TokenPrompt[] part, IReadOnlyList<Response> responses, float[]? kl, float[]? teacherKl, ulong seed)
    {
        using var scope = TensorScope.Open();
        var rollouts = Rollouts.From(part, responses, policy.Model.Device);
        var scores = rewards is null ? null : Score(rewards, rollouts, seed);
        var totals = scores?.Totals;
        var goldScores = GoldReward is null ? null : Score(GoldReward, rollouts, seed).Totals;
        return [.. rollouts.Completions.Select((completion, row) =>
        {
            var metrics = new Dictionary<string, double>(StringComparer.Ordinal)
            {
                ["length"] = completion.SampledCount,
                ["ended"] = completion.Ended ? 1 : 0,
            };
            if (completion is EpisodeResponse episode)
                metrics["turns"] = episode.Turns.Count;
            Add("score", totals);
            Add("gold", goldScores);
            foreach (var (name, partScores) in scores?.Parts ?? new Dictionary<string, double[]>())
                Add($"rewards/{name}", partScores);
            if (kl is not null)
                metrics["kl"] = kl[row];
            if (teacherKl is not null)
                metrics["kl/reverse"] = teacherKl[row] / completion.SampledCount;
            return new Sample(part[row].Text, TextOf(completion), metrics);

            void Add(string name, double[]? numbers)
            {
                if (numbers is not null && !double.IsNaN(numbers[row]))            // NaN: no score
                    metrics[name] = numbers[row];
            }
        })];
    }

    /// <summary>The text of a response; all turns and replies of an episode.</summary>
    string TextOf(Response completion) =>
        completion is EpisodeResponse episode ? episode.Transcript : policy.Tokenizer.TextOf(completion);

    /// <summary>log π − log π_ref of each response, in nats.</summary>
    static float[] SequenceKl(Rollouts rollouts, Reference reference)
    {
        using var lease = reference.Use();
        return SequenceKl(rollouts, lease.Policy);
    }

    static float[] SequenceKl(Rollouts rollouts, Policy other) =>
        (rollouts.Logprobs - other.Logprobs(rollouts)).MaskedFill(!rollouts.Mask, 0).Sum(1).ToArray<float>();
}
