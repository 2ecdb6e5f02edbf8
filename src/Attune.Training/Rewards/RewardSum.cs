using Attune.Torch.Distributed;
using Attune.Training.Policies;
using Attune.Training.States;

namespace Attune.Training.Rewards;

/// <summary>A source in a weighted sum.</summary>
/// <param name="Name">Its name in metrics and messages.</param>
/// <param name="Source">The source; the sum disposes of it.</param>
/// <param name="Weight">The factor of its scores, after scaling.</param>
/// <param name="Scaling">How its scores are scaled.</param>
public sealed record WeightedReward(string Name, IRewardSource Source, double Weight = 1, ScoreScaling Scaling = ScoreScaling.None);

/// <summary>
/// The weighted sum of sources, each scaled separately. The score of a whole response is added at its last token where another source
/// scores every token. A source that has no score for a response is left out of its sum; where none has one, the response has no score.
/// Remote sources are called at the same time. All ranks compute with models; rank 0 alone calls the other sources. Running
/// moments are updated only when every source has answered.
/// </summary>
public sealed class RewardSum(IReadOnlyList<WeightedReward> parts) : IRewardSource
{
    readonly ScoreScaler[] scalers = [.. parts.Select(part => new ScoreScaler(part.Scaling))];

    bool IsPlain => parts is [{ Weight: 1, Scaling: ScoreScaling.None }];

    public bool ComparesResponses => parts.Any(part => part.Source.ComparesResponses);

    public IEnumerable<(string Name, IRunState State)> States => parts.Zip(scalers).SelectMany(pair => pair.First.Source.States
        .Select(state => ($"rewards/{pair.First.Name}/{state.Name}", state.State))
        .Concat(pair.Second.Remembers ? [($"rewards/{pair.First.Name}", (IRunState)pair.Second.Moments)] : []));

    public Scores Score(Rollouts rollouts) => Sum(ScoreAll(rollouts, source => source.Score(rollouts)), update: false);

    public Scores ScoreAndUpdateStatistics(Rollouts rollouts) =>
        Sum(ScoreAll(rollouts, source => source.ScoreAndUpdateStatistics(rollouts)), update: true);

    public void Dispose()
    {
        foreach (var part in parts)
            part.Source.Dispose();
    }

    /// <summary>The validated scores of every part.</summary>
    Scores[] ScoreAll(Rollouts rollouts, Func<IRewardSource, Scores> score)
    {
        var remote = parts.Where(part => part.Source.IsRemote && Ranks.IsFirst).ToDictionary(
            part => part.Name, part => Task.Run(() => Alone(part)), StringComparer.Ordinal);
        var answers = new Answer[parts.Count];
        foreach (var (i, part) in parts.Index().Where(row => row.Item.Source.UsesModel))
            answers[i] = Try(part, () => score(part.Source));
        var others = parts.Index().Where(row => !row.Item.Source.UsesModel).OrderBy(row => row.Item.Source.IsRemote).ToList();
        foreach (var (row, answer) in others.Zip(Ranks.Once(() => others.ConvertAll(row => Ask(row.Item)))))
            answers[row.Index] = answer;
        string[] failures = [.. answers.Select(answer => answer.Failure).OfType<string>()];
        return failures.Length == 0
            ? Array.ConvertAll(answers, answer => answer.Scores!)
            : throw new InvalidDataException(string.Join("\n", failures));

        Answer Ask(WeightedReward part) => Try(
            part, () => remote.TryGetValue(part.Name, out var answer) ? answer.GetAwaiter().GetResult() : score(part.Source));

        Scores Alone(WeightedReward part)
        {
            using var alone = Ranks.Alone();
            return score(part.Source);
        }

        Answer Try(WeightedReward part, Func<Scores> compute)
        {
            try
            {
                var scores = compute();
                scores.Check(part.Name, rollouts);
                return new(scores, Failure: null);
            }
            catch (InvalidDataException failure)
            {
                return new(Scores: null, failure.Message);
            }
        }
    }

    Scores Sum(Scores[] partScores, bool update)
    {
        if (IsPlain)
            return partScores[0];
        var scaled = partScores.Zip(scalers, (scores, scaler) => scaler.Scale(scores, update)).ToList();
        double[][] rows =
        [
            .. Enumerable.Range(0, partScores[0].Rows.Length)
                .Select(row => Add([.. scaled.Select((part, i) => (part[row], parts[i].Weight))])),
        ];
        return new(rows)
        {
            Parts = Named(partScores).ToDictionary(StringComparer.Ordinal),
            Terms = [.. scaled.Zip(parts, (part, reward) => (Array.ConvertAll(part, Scores.Total), reward.Weight))],
        };
    }

    /// <summary>The scores of each part, and of the parts of a part, before scaling and weighting.</summary>
    IEnumerable<KeyValuePair<string, double[]>> Named(Scores[] partScores) => parts.Zip(partScores).SelectMany(pair => pair.Second.Parts
        .Select(inner => KeyValuePair.Create($"{pair.First.Name}/{inner.Key}", inner.Value))
        .Prepend(KeyValuePair.Create(pair.First.Name, pair.Second.Totals)));

    /// <summary>A row of the sum, aligned at the last tokens.</summary>
    static double[] Add((double[] Row, double Weight)[] rows)
    {
        var sum = new double[rows.Max(part => part.Row.Length)];
        foreach (var (row, weight) in rows)
            for (var i = 0; i < row.Length; i++)
                sum[sum.Length - row.Length + i] += row[i] * weight;
        return sum;
    }

    /// <summary>Scores, or why there are none.</summary>
    sealed record Answer(Scores? Scores, string? Failure);
}
