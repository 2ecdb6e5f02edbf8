using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Policies;

/// <summary>Responses in micro-batches, and numbers computed of them without gradients.</summary>
public sealed class ResponseBatches(MicroBatches microBatches)
{
    /// <summary>The rows of each micro-batch: all rows, those of like length together.</summary>
    public IReadOnlyList<int[]> Split(Responses responses) =>
        microBatches.Split([.. Enumerable.Range(0, responses.Count)], row => responses.TextLengths[row]);

    /// <summary>A number for each token, (B, T) and 0 at padding, computed one micro-batch at a time and without gradients.</summary>
    /// <param name="responses">B responses.</param>
    /// <param name="compute">(b, t) for some of the responses.</param>
    public Tensor PerToken<T>(T responses, Func<T, Tensor> compute) where T : Responses =>
        PerColumn(responses, responses.Mask.Size(1), compute).MaskedFill(!responses.Mask, 0);

    /// <summary>(B, columns, …), 0 in the columns that the result for some of the responses lacks; else the same.</summary>
    public Tensor PerColumn<T>(T responses, long columns, Func<T, Tensor> compute) where T : Responses
    {
        var parts = Split(responses);
        Tensor? all = null;
        foreach (var (rows, found) in parts.Zip(microBatches.Workers.Map(parts, rows => WithoutGradient(compute, (T)responses.Select(rows)))))
        {
            all ??= Tensor.Zeros([responses.Count, columns, .. found.Shape[2..]], found.DType, found.Device);
            for (var i = 0; i < rows.Length; i++)
                all.Select(0, rows[i]).Slice(0, 0, found.Size(1)).CopyInPlace(found.Select(0, i));
            found.Dispose();
        }
        return all!;
    }

    static Tensor WithoutGradient<T>(Func<T, Tensor> compute, T part)
    {
        using var noGrad = Autograd.NoGrad();                         // of the worker's thread
        using var scope = TensorScope.Open();
        return scope.MoveToOuterScope(compute(part));
    }
}
