namespace Attune.Reporting.Evaluation;

/// <summary>A response scored by a reward model or an ensemble.</summary>
/// <param name="Score">The score, normalised if the model has shift and scale, and combined over members.</param>
/// <param name="Logit">The output of the model before normalisation, the mean of all members.</param>
/// <param name="Disagreement">The standard deviation between members; 0 for one member.</param>
/// <param name="Length">Tokens after the prompt, by the first model's tokenizer.</param>
public sealed record ScoredResponse(double Score, double Logit, double Disagreement, int Length)
{
    /// <summary>The probability that each step is right, by a process reward model; null for other models.</summary>
    public IReadOnlyList<double>? Steps { get; init; }
}
