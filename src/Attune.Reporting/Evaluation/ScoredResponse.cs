namespace Attune.Reporting.Evaluation;

/// <summary>An answer as a reward model or an ensemble sees it.</summary>
/// <param name="Score">Normalised where the model says how, and combined.</param>
/// <param name="Logit">What the model was trained on: before any normalisation, the mean of all members.</param>
/// <param name="Disagreement">The deviation between members; 0 for one.</param>
/// <param name="Length">Tokens behind the prompt's, by the first model.</param>
public sealed record ScoredResponse(double Score, double Logit, double Disagreement, int Length);
