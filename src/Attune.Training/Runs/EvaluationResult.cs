namespace Attune.Training.Runs;

/// <summary>What a look at held-out data found: figures, and samples to read.</summary>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<Sample> Samples)
{
    public static EvaluationResult Nothing { get; } = new(new Dictionary<string, double>(), []);
}

/// <summary>A prompt with what the model answered, and numbers about the answer (score, KL …).</summary>
public sealed record Sample(string Prompt, string Completion, IReadOnlyDictionary<string, double> Numbers);
