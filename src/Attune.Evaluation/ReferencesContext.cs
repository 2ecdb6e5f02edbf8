using Attune.Reporting.TextMetrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace Attune.Evaluation;

/// <summary>What a <see cref="TextMetricEvaluator"/> compares a response with.</summary>
/// <param name="references">Texts that are right; at least one.</param>
public sealed class ReferencesContext(params IReadOnlyList<string> references)
    : EvaluationContext(ContextName, references.Select(reference => (AIContent)new TextContent(reference)))
{
    /// <summary>The name of the context in the results of an evaluation.</summary>
    public const string ContextName = "References";

    /// <summary>Texts that are right.</summary>
    public IReadOnlyList<string> References => references;

    /// <summary>The table that the response describes, for PARENT.</summary>
    public IReadOnlyList<TableEntry> Table { get; init; } = [];
}
