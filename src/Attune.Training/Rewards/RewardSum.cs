using Attune.Training.Policies;
using Attune.Training.States;

namespace Attune.Training.Rewards;

/// <summary>A source in a weighted sum.</summary>
/// <param name="Name">In metrics and messages.</param>
/// <param name="Source">The sum disposes of it.</param>
/// <param name="Weight">What its scores are multiplied by, once they are scaled.</param>
/// <param name="Scaling">What they are scaled to.</param>
public sealed record WeightedReward(string Name, IRewardSource Source, double Weight = 1, ScoreScaling Scaling = ScoreScaling.None);

/// <summary>
/// The weighted sum of sources, each scaled by itself. A number for a response as a whole is added at its last token where another
/// source rates every token. Sources that wait are asked at once. Running moments move only when every source has answered.
/// </summary>
public sealed class RewardSum(IReadOnlyList<WeightedReward> parts) : IRewardSource
{
    readonly ScoreScaler[] scalers = [.. parts.Select(part => new ScoreScaler(part.Scaling))];

    bool IsPlain => parts is [{ Weight: 1, Scaling: ScoreScaling.None }];

    public IEnumerable<(string Name, IRunState State)> States => parts.Zip(scalers).SelectMany(pair => pair.First.Source.States
        .Select(state => ($"rewards/{pair.First.Name}/{state.Name}", state.State))
        .Concat(pair.Second.Remembers ? [($"rewards/{pair.First.Name}", (IRunState)pair.Second.Moments)] : []));

    public Scores Score(Rollouts rollouts) => Sum(ScoreAll(rollouts, source => source.Score(rollouts)), learn: false);

    public Scores ScoreAndUpdateStatistics(Rollouts rollouts) => Sum(ScoreAll(rollouts, source => source.ScoreAndUpdateStatistics(rollouts)), learn: true);

    public void Dispose()
    {
        foreach (var part in parts)
            part.Source.Dispose();
    }

    /// <summary>The scores of every part, checked.</summary>
    Scores[] ScoreAll(Rollouts rollouts, Func<IRewardSource, Scores> ask)
    {
        var waiting = parts.Where(part => part.Source.IsRemote).ToDictionary(
            part => part.Name, part => Task.Run(() => ask(part.Source)), StringComparer.Ordinal);
        var found = new Scores[parts.Count];
        var failures = new List<InvalidDataException>();
        foreach (var (i, part) in parts.Index().OrderBy(row => row.Item.Source.IsRemote))
            try
            {
                found[i] = waiting.TryGetValue(part.Name, out var answer) ? answer.GetAwaiter().GetResult() : ask(part.Source);
                found[i].Check(part.Name, rollouts);
            }
            catch (InvalidDataException failure)
            {
                failures.Add(failure);
            }
        return failures.Count == 0 ? found : throw new InvalidDataException(string.Join("\n", failures.Select(failure => failure.Message)), failures[0]);
    }

    Scores Sum(Scores[] found, bool learn)
    {
        if (IsPlain)
            return found[0];
        var scaled = found.Zip(scalers, (scores, scaler) => scaler.Scale(scores, learn)).ToList();
        double[][] rows = [.. Enumerable.Range(0, found[0].Rows.Length).Select(row => Add([.. scaled.Select((part, i) => (part[row], parts[i].Weight))]))];
        return new(rows) { Parts = Named(found).ToDictionary(StringComparer.Ordinal) };
    }

    /// <summary>What each part gave, and the parts of a part, before they are scaled and weighted.</summary>
    IEnumerable<KeyValuePair<string, double[]>> Named(Scores[] found) => parts.Zip(found).SelectMany(pair => pair.Second.Parts
        .Select(inner => KeyValuePair.Create($"{pair.First.Name}/{inner.Key}", inner.Value))
        .Prepend(KeyValuePair.Create(pair.First.Name, pair.Second.Totals)));

    /// <summary>One row of the sum, aligned at the last tokens.</summary>
    static double[] Add((double[] Row, double Weight)[] rows)
    {
        var sum = new double[rows.Max(part => part.Row.Length)];
        foreach (var (row, weight) in rows)
            for (var i = 0; i < row.Length; i++)
                sum[sum.Length - row.Length + i] += row[i] * weight;
        return sum;
    }
}
