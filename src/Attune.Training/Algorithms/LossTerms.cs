using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Algorithms;

/// <summary>The terms of a loss: they are added up with their coefficients, and logged under their names.</summary>
sealed class LossTerms
{
    readonly Dictionary<string, Tensor> metrics = new(StringComparer.Ordinal);
    Tensor? sum;

    /// <summary>Adds a number, the mean over an update or a micro-batch's share of it.</summary>
    /// <param name="name">The name of its metric.</param>
    /// <param name="value">The number.</param>
    /// <param name="coefficient">Its factor in the loss.</param>
    /// <param name="logged">What is logged; null for the number.</param>
    public void Add(string name, Tensor value, double coefficient = 1, Tensor? logged = null)
    {
        metrics[name] = logged ?? value;
        sum = sum is null ? value * coefficient : sum + value * coefficient;
    }

    /// <summary>The loss with its metrics.</summary>
    public Loss ToLoss(PolicyShift shift) => new(sum!, metrics) { Shift = shift };
}
