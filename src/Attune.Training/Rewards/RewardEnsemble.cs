using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Several reward models as one reward; each head of each model is a member.</summary>
public sealed class RewardEnsemble(IReadOnlyList<RewardModelSource> models, EnsembleOptions options) : IRewardSource
{
    public bool UsesModel => true;

    public Scores Score(Rollouts rollouts)
    {
        var members = models.Select(model => model.ScoreHeads(rollouts)).ToList();
        return Scores.FromTotals(
            Enumerable.Range(0, rollouts.Count).Select(row => options.Aggregate([.. members.SelectMany(member => member[row])])));
    }
}
