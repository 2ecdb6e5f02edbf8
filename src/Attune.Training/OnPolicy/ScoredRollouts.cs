using Attune.Data;
using Attune.Generation;
using Attune.Training.Estimation;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.OnPolicy;

/// <summary>Responses with the scores of their source.</summary>
public readonly record struct ScoredRollouts(Rollouts Rollouts, Scores Scores)
{
    /// <summary>The responses that the policy itself sampled.</summary>
    public ScoredRollouts WithoutOpponents() =>
        Rollouts.Opponents == 0 ? this : new(Rollouts.WithoutOpponents(), Scores.Select(Rollouts.OwnRows));

    /// <summary>The groups whose responses all have the same score, by their index.</summary>
    public int[] WithoutSignal() => [.. Scores.Totals.Chunk(Rollouts.GroupSize).Index()
        .Where(group => !Advantages.HasSignal(group.Item)).Select(group => group.Index)];

    /// <summary>Puts groups in the place of groups without signal.</summary>
    /// <param name="groups">The indices of groups without signal.</param>
    /// <param name="others">As many groups; those without signal are not used.</param>
    public ScoredRollouts Replace(int[] groups, ScoredRollouts others)
    {
        var size = Rollouts.GroupSize;
        int[] groupAt = [.. Enumerable.Range(0, Rollouts.Count / size)];            // groups of others are counted after these
        foreach (var other in Enumerable.Range(0, groups.Length).Except(others.WithoutSignal()))
            groupAt[groups[other]] = groupAt.Length + other;
        int[] rows = [.. groupAt.SelectMany(group => Enumerable.Range(group * size, size))];
        TokenPrompt[] prompts = [.. Rollouts.Prompts, .. others.Rollouts.Prompts];
        Response[] completions = [.. Rollouts.Completions, .. others.Rollouts.Completions];
        return new(
            Rollouts.From(
                [.. groupAt.Select(group => prompts[group * size])], Array.ConvertAll(rows, row => completions[row]), Rollouts.Mask.Device)
                with { Opponents = Rollouts.Opponents },
            Scores.Followed(others.Scores).Select(rows));
    }
}
