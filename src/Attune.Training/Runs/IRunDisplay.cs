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
    /// <param name="step">The steps that are done.</param>
    /// <param name="metrics">The metrics of the evaluation; empty if there is no held-out data.</param>
    void EndEvaluation(int step, IReadOnlyDictionary<string, double> metrics)
    {
    }

    /// <summary>A checkpoint was written.</summary>
    /// <param name="step">The steps that are done.</param>
    void Checkpoint(int step)
    {
    }

    /// <summary>How much of the data is read or tokenized, before the run begins.</summary>
    /// <param name="text">What is done.</param>
    /// <param name="bytes">The bytes that are done.</param>
    /// <param name="total">All bytes.</param>
    void Progress(string text, long bytes, long total)
    {
    }

    /// <summary>A message to the user that is not an error.</summary>
    void Notice(string text);

    /// <summary>A notice about something that may be wrong: the run's health, a skipped step, a damaged checkpoint.</summary>
    void Warning(string text) => Notice(text);

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
