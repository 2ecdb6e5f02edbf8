using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

public sealed class EnsembleOptionsTests
{
    [Fact]
    public void AnEnsembleIsItsMeanItsLeastOrItsMeanLessDeviations()
    {
        double[] members = [1, 3];
        Assert.Equal(2, new EnsembleOptions().Aggregate(members));
        Assert.Equal(1, new EnsembleOptions { Combine = EnsembleCombination.Minimum }.Aggregate(members));
        Assert.Equal(2 - 0.5 * 1, new EnsembleOptions { Combine = EnsembleCombination.Deviations, Deviations = 0.5 }.Aggregate(members));
    }
}
