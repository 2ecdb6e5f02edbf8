using System.Collections.ObjectModel;
using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>A loss to minimise, or a micro-batch's share of it, with the metrics to log.</summary>
/// <param name="Value">A scalar with a graph to the parameters.</param>
/// <param name="MetricTensors">
/// Scalars by metric name: shares of means, so that the metrics of a step's micro-batches add up to those of the step.
/// </param>
public sealed record Loss(Tensor Value, IReadOnlyDictionary<string, Tensor> MetricTensors)
{
    /// <summary>How far the policy has moved from the one that sampled; null where nothing was sampled.</summary>
    public PolicyShift? Shift { get; init; }

    /// <summary>
    /// Numbers of any shape by name, of which mean, standard deviation, minimum and maximum over the step are logged: as name/mean,
    /// name/std, name/min and name/max.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Distributions { get; init; } = ReadOnlyDictionary<string, Tensor>.Empty;

    /// <summary>All numbers, copied from the device at once, so that it is synchronised once, after the backward pass was queued.</summary>
    public LossTotals Totals => field ??= Read();

    LossTotals Read()
    {
        using var scope = TensorScope.Open();
        Tensor[] shift = Shift is null ? [] : [Shift.ApproxKl, Shift.ClipFraction, Shift.MeanRatio];
        var scalars = Tensor.Stack(0, [Number(Value), .. shift.Select(Number), .. MetricTensors.Values.Select(Number)]);
        var distributions = Distributions.Values.Select(values => Number(values).Reshape(-1));
        var numbers = Tensor.Concatenate(0, [scalars, .. distributions]).ToArray<float>();
        return new(
            numbers[0], MetricTensors.Keys.Zip(numbers.Skip(1 + shift.Length)),
            shift.Length == 0 ? null : new(numbers[1], numbers[2], numbers[3]), Statistics(numbers, (int)scalars.ElementCount));
    }

    /// <param name="numbers">Numbers, of which those of the distributions are the last.</param>
    /// <param name="start">Where they start.</param>
    IEnumerable<(string Name, NumberStatistics Statistics)> Statistics(float[] numbers, int start)
    {
        foreach (var (name, values) in Distributions)
        {
            var end = start + (int)values.ElementCount;
            yield return (name, NumberStatistics.Of(numbers.AsSpan(start..end)));
            start = end;
        }
    }

    static Tensor Number(Tensor metric) => metric.Detach().To(DType.Float32);
}

/// <summary>How far a policy has moved from the one that sampled: means over response tokens, or a micro-batch's share of them.</summary>
/// <param name="ApproxKl">½ (log-ratio)², nats a token.</param>
/// <param name="ClipFraction">The share of tokens whose ratio is outside of the clip range.</param>
/// <param name="MeanRatio">π / π_old</param>
public sealed record PolicyShift(Tensor ApproxKl, Tensor ClipFraction, Tensor MeanRatio);
