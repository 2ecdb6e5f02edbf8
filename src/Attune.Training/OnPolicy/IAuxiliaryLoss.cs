using Attune.Training.Batches;

namespace Attune.Training.OnPolicy;

/// <summary>A loss whose gradient is added to that of every update, such as PPO-ptx's on pretraining text.</summary>
public interface IAuxiliaryLoss
{
    /// <summary>Adds the gradients of a batch to those of an update.</summary>
    /// <param name="microBatches">Computes and adds the gradients.</param>
    /// <param name="update">The number of the update in the whole run, from 0.</param>
    /// <returns>The metrics to log.</returns>
    IReadOnlyDictionary<string, double> Backward(MicroBatches microBatches, int update);
}
