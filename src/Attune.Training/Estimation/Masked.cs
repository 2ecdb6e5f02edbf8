using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Statistics over the elements where a mask is true, and the reduction of masked losses.</summary>
public static class Masked
{
    /// <summary>
    /// Σ x·m / count. All losses are reduced here. With the count of a whole step, the losses of its micro-batches add up to the
    /// loss of the step, however it was split.
    /// </summary>
    /// <param name="x">A loss per element.</param>
    /// <param name="mask">Bool, of the same shape; null for all elements.</param>
    /// <param name="count">What the sum is divided by; null for the number of elements of the mask.</param>
    public static Tensor Reduce(Tensor x, Tensor? mask = null, double? count = null)
    {
        var weight = mask?.To(x.DType);
        var sum = (weight is null ? x : x * weight).Sum();
        return count is null && weight is not null ? sum / weight.Sum() : sum * (1 / Math.Max(count ?? x.ElementCount, 1));
    }

    /// <summary>The mean over the mask.</summary>
    public static Tensor Mean(Tensor x, Tensor mask) => Reduce(x, mask);

    /// <summary>The mean of each row over the mask: (B, T) → (B); 0 for a row without elements.</summary>
    public static Tensor RowMean(Tensor x, Tensor mask)
    {
        var weight = mask.To(x.DType);
        return (x * weight).Sum(-1) / weight.Sum(-1).Clamp(1, null);
    }

    /// <summary>Σ over rows of the mean of each row, divided by count: every row has the same weight, however long it is.</summary>
    public static Tensor ReduceRows(Tensor x, Tensor mask, double count) => Reduce(RowMean(x, mask), count: count);

    /// <summary>The variance over the mask, divided by n − 1, or by n where not unbiased.</summary>
    public static Tensor Variance(Tensor x, Tensor mask, bool unbiased = true)
    {
        var variance = Mean((x - Mean(x, mask)).Square(), mask);
        if (!unbiased)
            return variance;
        var count = mask.To(x.DType).Sum();
        return variance * count / (count - 1).Clamp(1, null);
    }

    /// <summary>(x − mean) / √(variance + 10⁻⁸), plus the mean where it is kept.</summary>
    public static Tensor Whiten(Tensor x, Tensor mask, bool keepMean = false)
    {
        var mean = Mean(x, mask);
        var whitened = (x - mean) * (Variance(x, mask) + 1e-8).Rsqrt();
        return keepMean ? whitened + mean : whitened;
    }
}
