using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Policies;

/// <summary>Splits responses into micro-batches, and computes results for them without gradients.</summary>
public sealed class ResponseBatches(MicroBatches microBatches)
{
    public MicroBatches MicroBatches => microBatches;

    /// <summary>The rows of each micro-batch, those of similar length together.</summary>
    /// <param name="responses">B responses.</param>
    /// <param name="unit">How many adjacent rows stay together, as one example; B is a multiple of it.</param>
    public IReadOnlyList<int[]> Split(Responses responses, int unit = 1)
    {
        return [.. microBatches.Split([.. Enumerable.Range(0, responses.Count / unit)], Length).Select(units => RowsOf(units, unit))];

        int Length(int at) => unit * RowsOf([at], unit).Max(row => responses.TextLengths[row]);
    }

    /// <summary>The rows of units of adjacent rows.</summary>
    public static int[] RowsOf(int[] units, int unit) => [.. units.SelectMany(at => Enumerable.Range(at * unit, unit))];

    /// <summary>A number for each token, (B, T) and 0 at padding, computed one micro-batch at a time and without gradients.</summary>
    /// <param name="responses">B responses.</param>
    /// <param name="compute">(b, t) for some of the responses.</param>
    public Tensor PerToken<T>(T responses, Func<T, Tensor> compute) where T : Responses =>
        PerColumn(responses, responses.Mask.Size(1), compute).MaskedFill(!responses.Mask, 0);

    /// <summary>(B, columns, …), as <see cref="PerToken"/>, with 0 in columns that the result of a micro-batch does not have.</summary>
    public Tensor PerColumn<T>(T responses, long columns, Func<T, Tensor> compute) where T : Responses
    {
        var parts = Split(responses);
        Tensor? all = null;
        foreach (var (rows, result) in parts.Zip(
            microBatches.Workers.Map(parts, rows => WithoutGradient(compute, (T)responses.Select(rows)))))
        {
            all ??= Tensor.Zeros([responses.Count, columns, .. result.Shape[2..]], result.DType, result.Device);
            for (var i = 0; i < rows.Length; i++)
                all.Select(0, rows[i]).Slice(0, 0, result.Size(1)).CopyInPlace(result.Select(0, i));
            result.Dispose();
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
