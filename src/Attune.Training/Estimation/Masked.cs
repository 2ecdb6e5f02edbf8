using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Statistics over the elements where a mask is true, and the one way in which masked losses are reduced.</summary>
public static class Masked
{
    /// <summary>
    /// Σ x·m / count. Every loss comes through here. With the count of a whole step, the losses of its micro-batches add up to the
    /// loss of the step, however it was divided.
    /// </summary>
    /// <param name="x">One loss an element.</param>
    /// <param name="mask">Bool, of the same shape; null when every element counts.</param>
    /// <param name="count">How many elements the mean is over; null for those counted here.</param>
    public static Tensor Reduce(Tensor x, Tensor? mask = null, double? count = null)
    {
        var weight = mask?.To(x.DType);
        var sum = (weight is null ? x : x * weight).Sum();
        return count is null && weight is not null ? sum / weight.Sum() : sum * (1 / Math.Max(count ?? x.ElementCount, 1));
    }

    /// <summary>The mean of all elements counted.</summary>
    public static Tensor Mean(Tensor x, Tensor mask) => Reduce(x, mask);

    /// <summary>The mean of each row: (B, T) → (B).</summary>
    public static Tensor RowMean(Tensor x, Tensor mask)
    {
        var weight = mask.To(x.DType);
        return (x * weight).Sum(-1) / weight.Sum(-1);
    }

    /// <summary>The variance of all elements counted, divided by n − 1 (or by n).</summary>
    public static Tensor Variance(Tensor x, Tensor mask, bool unbiased = true)
    {
        var variance = Mean((x - Mean(x, mask)).Square(), mask);
        if (!unbiased)
            return variance;
        var count = mask.To(x.DType).Sum();
        return variance * count / (count - 1).Clamp(1, null);
    }

    /// <summary>(x − mean) / √(variance + 10⁻⁸), and the mean again when it is to stay.</summary>
    public static Tensor Whiten(Tensor x, Tensor mask, bool keepMean = false)
    {
        var mean = Mean(x, mask);
        var whitened = (x - mean) * (Variance(x, mask) + 1e-8).Rsqrt();
        return keepMean ? whitened + mean : whitened;
    }
}
