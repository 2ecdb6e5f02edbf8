using Attune.Training.Runs;

namespace Attune;

/// <summary>Calls a program after each step.</summary>
sealed class StepDisplay(Action<StepResult>? onStep) : IRunDisplay
{
    int total;

    public void Begin(string title, int step, int totalSteps) => total = totalSteps;

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary) =>
        onStep?.Invoke(new(step, total, metrics, summary));

    public void Notice(string text)
    {
    }

    public void End(string text)
    {
    }
}
