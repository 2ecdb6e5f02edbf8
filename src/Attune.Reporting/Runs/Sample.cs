namespace Attune.Reporting.Runs;

/// <summary>A prompt with the model's response, and metrics of the response (score, KL …).</summary>
public sealed record Sample(string Prompt, string Completion, IReadOnlyDictionary<string, double> Numbers);
