using Attune.Training.Batches;

namespace Attune.Training.OnPolicy;

/// <summary>A loss whose gradient is added to that of every update, such as PPO-ptx's on pretraining text.</summary>
public interface IAuxiliaryLoss
{
    /// <summary>Adds the gradients of the batch of an update.</summary>
    /// <param name="microBatches">Adds them up.</param>
    /// <param name="update">Counted from 0 over the whole run.</param>
    /// <returns>What is logged.</returns>
    IReadOnlyDictionary<string, double> Backward(MicroBatches microBatches, int update);
}
