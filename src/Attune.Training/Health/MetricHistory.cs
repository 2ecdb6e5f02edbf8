using Attune.Training.States;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Health;

/// <summary>The first and the last values of each of a run's metrics, and the history of its held-out metrics.</summary>
/// <param name="window">How many first and last values are kept.</param>
/// <param name="metrics">Metrics of the steps.</param>
/// <param name="heldOut">Metrics of the evaluations on held-out data.</param>
/// <param name="training">The metric of the steps that held-out metrics are compared with.</param>
sealed class MetricHistory(int window, IEnumerable<string> metrics, IEnumerable<string> heldOut, string training) : IRunState
{
    readonly Dictionary<string, Track> tracks = metrics.ToDictionary(name => name, _ => new Track(), StringComparer.Ordinal);
    readonly Dictionary<string, EvaluationHistory> evaluations =
        heldOut.ToDictionary(name => name, _ => new EvaluationHistory(), StringComparer.Ordinal);

    public void See(IReadOnlyDictionary<string, double> observed)
    {
        foreach (var (name, track) in tracks)
            if (observed.TryGetValue(name, out var value))
                track.Add(value, window);
        foreach (var (name, evaluation) in evaluations)
            if (observed.TryGetValue(name, out var value) && double.IsFinite(value))
                evaluation.Add(value, Now(training) ?? double.NaN);
    }

    /// <summary>The mean of the last values; null before there is a whole window of them.</summary>
    public double? Now(string name) => tracks[name] is { Last: { Count: var count } last } && count == window ? last.Average() : null;

    /// <summary>The mean of the first values; null before there is a whole window of them.</summary>
    public double? Start(string name) => tracks[name] is { First: { Count: var count } first } && count == window ? first.Average() : null;

    /// <summary>The greatest mean of a window so far; −∞ before there is a whole one.</summary>
    public double Best(string name) => tracks[name].Best;

    /// <summary>The standard deviation of the first values, divided by n − 1; 0 for fewer than two.</summary>
    public double StartStd(string name) => tracks[name].First is { Count: > 1 } first ? first.StandardDeviation() : 0;

    /// <summary>Whether the last value was finite.</summary>
    public bool IsFinite(string name) => !tracks[name].NotFinite;

    /// <summary>How many values were finite.</summary>
    public int Count(string name) => tracks[name].Count;

    public EvaluationHistory HeldOut(string name) => evaluations[name];

    public void Save(StateWriter writer)
    {
        foreach (var (name, track) in tracks)
            track.Save(name, writer);
        foreach (var (name, evaluation) in evaluations)
            evaluation.Save(name, writer);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, track) in tracks)
            track.Load(name, reader);
        foreach (var (name, evaluation) in evaluations)
            evaluation.Load(name, reader);
    }

    /// <summary>The values of a held-out metric, with the mean of the training score at the time (NaN before there is one).</summary>
    public sealed class EvaluationHistory
    {
        public int Count { get; private set; }

        public double First { get; private set; }

        public double Best { get; private set; }

        public double Before { get; private set; }

        public double Last { get; private set; }

        public double TrainingAtBest { get; private set; }

        public double TrainingAtLast { get; private set; }

        public void Add(double value, double training)
        {
            (Before, Last, TrainingAtLast) = (Count == 0 ? value : Last, value, training);
            if (Count == 0)
                First = value;
            if (Count == 0 || value > Best)
                (Best, TrainingAtBest) = (value, training);
            Count++;
        }

        public void Save(string name, StateWriter writer)
        {
            writer.Write($"{name}/count", Count);
            writer.Write($"{name}/first", First);
            writer.Write($"{name}/best", Best);
            writer.Write($"{name}/before", Before);
            writer.Write($"{name}/last", Last);
            writer.Write($"{name}/trainingAtBest", TrainingAtBest);
            writer.Write($"{name}/trainingAtLast", TrainingAtLast);
        }

        public void Load(string name, StateReader reader)
        {
            Count = (int)reader.ReadNumber($"{name}/count");
            First = reader.ReadNumber($"{name}/first");
            Best = reader.ReadNumber($"{name}/best");
            Before = reader.ReadNumber($"{name}/before");
            Last = reader.ReadNumber($"{name}/last");
            TrainingAtBest = reader.ReadNumber($"{name}/trainingAtBest");
            TrainingAtLast = reader.ReadNumber($"{name}/trainingAtLast");
        }
    }

    sealed class Track
    {
        public List<double> First { get; } = [];

        public List<double> Last { get; } = [];

        public int Count { get; private set; }

        public double Best { get; private set; } = double.NegativeInfinity;

        public bool NotFinite { get; private set; }

        public void Add(double value, int window)
        {
            NotFinite = !double.IsFinite(value);
            if (NotFinite)
                return;
            Count++;
            if (First.Count < window)
                First.Add(value);
            Last.Add(value);
            if (Last.Count > window)
                Last.RemoveAt(0);
            if (Last.Count == window)
                Best = Math.Max(Best, Last.Average());
        }

        public void Save(string name, StateWriter writer)
        {
            writer.Write($"{name}/count", Count);
            writer.Write($"{name}/broken", NotFinite ? 1 : 0);
            writer.Write($"{name}/best", Best);
            WriteAll(writer, $"{name}/first", First);
            WriteAll(writer, $"{name}/last", Last);
        }

        public void Load(string name, StateReader reader)
        {
            Count = (int)reader.ReadNumber($"{name}/count");
            NotFinite = reader.ReadNumber($"{name}/broken") != 0;
            Best = reader.ReadNumber($"{name}/best");
            ReadAll(reader, $"{name}/first", First);
            ReadAll(reader, $"{name}/last", Last);
        }

        static void WriteAll(StateWriter writer, string name, List<double> values)
        {
            writer.Write($"{name}/count", values.Count);
            for (var i = 0; i < values.Count; i++)
                writer.Write($"{name}/{i}", values[i]);
        }

        static void ReadAll(StateReader reader, string name, List<double> values)
        {
            values.Clear();
            var count = (int)reader.ReadNumber($"{name}/count");
            for (var i = 0; i < count; i++)
                values.Add(reader.ReadNumber($"{name}/{i}"));
        }
    }
}
