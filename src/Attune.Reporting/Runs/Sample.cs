namespace Attune.Reporting.Runs;

/// <summary>A prompt with what the model answered, and numbers about the answer (score, KL …).</summary>
public sealed record Sample(string Prompt, string Completion, IReadOnlyDictionary<string, double> Numbers);
