using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Policies;

namespace Attune.Training.OnPolicy;

/// <summary>Rollouts with the advantages and returns that an algorithm estimated.</summary>
/// <param name="Rollouts">The responses.</param>
/// <param name="Advantages">(B, T): how much better a token was than expected.</param>
/// <param name="Returns">(B, T): the targets of the values; null without a critic.</param>
public sealed record Experience(Rollouts Rollouts, Tensor Advantages, Tensor? Returns = null)
{
    /// <summary>These rows, as wide as the longest of them.</summary>
    public Experience Select(int[] rows)
    {
        var rollouts = Rollouts.Select(rows);
        var index = TensorBatch.Longs(Array.ConvertAll(rows, row => (long)row), Advantages.Device);
        return new(rollouts, Pick(Advantages), Returns is null ? null : Pick(Returns));

        Tensor Pick(Tensor tensor) => tensor.IndexSelect(0, index).Slice(1, 0, rollouts.Mask.Size(1));
    }
}
