using Attune.Training.States;

namespace Attune.Training.Estimation;

/// <summary>
/// Mean and standard deviation of a stream of numbers, batch by batch. Chan et al. 1979, eq. 2.1, "Updating formulae and a pairwise
/// algorithm for
/// computing sample variances".
/// </summary>
public sealed class RunningMoments : IRunState
{
    double squares;

    public double Count { get; private set; }

    public double Mean { get; private set; }

    /// <summary>The population variance, divided by the count; 1 before the first batch.</summary>
    public double Variance => Count > 0 ? squares / Count : 1;

    /// <summary>The sample standard deviation, divided by the count − 1; 1 before there are two numbers.</summary>
    public double Std => Count > 1 ? Math.Sqrt(squares / (Count - 1)) : 1;

    /// <summary>Adds a batch.</summary>
    public void Update(IReadOnlyCollection<double> batch)
    {
        var mean = batch.Average();
        var batchSquares = batch.Sum(x => (x - mean) * (x - mean));
        var delta = mean - Mean;
        var total = Count + batch.Count;
        squares += batchSquares + delta * delta * Count * batch.Count / total;
        Mean += delta * batch.Count / total;
        Count = total;
    }

    public void Save(StateWriter writer)
    {
        writer.Write("count", Count);
        writer.Write("mean", Mean);
        writer.Write("squares", squares);
    }

    public void Load(StateReader reader)
    {
        Count = reader.ReadNumber("count");
        Mean = reader.ReadNumber("mean");
        squares = reader.ReadNumber("squares");
    }
}
