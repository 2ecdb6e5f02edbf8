namespace Attune.Training.Runs;

/// <summary>Shows the progress of a run.</summary>
public interface IRunDisplay
{
    /// <summary>A run begins, or resumes after <paramref name="step"/> steps.</summary>
    void Begin(string title, int step, int totalSteps);

    /// <summary>A step is done.</summary>
    /// <param name="step">The number of the step, from 1.</param>
    /// <param name="metrics">The metrics of the step.</param>
    /// <param name="summary">The most important metrics, as a short text.</param>
    void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary);

    /// <summary>An evaluation on held-out data begins.</summary>
    /// <param name="step">The steps that are done.</param>
    void BeginEvaluation(int step)
    {
    }

    /// <summary>The evaluation is done.</summary>
    void EndEvaluation()
    {
    }

    /// <summary>A message to the user that is not an error.</summary>
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
