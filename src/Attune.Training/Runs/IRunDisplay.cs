namespace Attune.Training.Runs;

/// <summary>Shows a run to whoever waits for it.</summary>
public interface IRunDisplay
{
    /// <summary>A run begins, or goes on after <paramref name="step"/> steps.</summary>
    void Begin(string title, int step, int totalSteps);

    /// <summary>A step is done.</summary>
    /// <param name="step">Counted from 1.</param>
    /// <param name="metrics">What it logged.</param>
    /// <param name="summary">The few numbers that matter, in words.</param>
    void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary);

    /// <summary>Something the reader should know, once.</summary>
    void Notice(string text);

    /// <summary>The run has ended or stopped; the last line of its display.</summary>
    void End(string text);
}

/// <summary>Shows nothing.</summary>
public sealed class SilentDisplay : IRunDisplay
{
    public void Begin(string title, int step, int totalSteps)
    {
    }

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
    {
    }

    public void Notice(string text)
    {
    }

    public void End(string text)
    {
    }
}
