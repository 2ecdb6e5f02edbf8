using Attune.Reporting.TextMetrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace Attune.Evaluation;

/// <summary>
/// A metric of responses with references, such as ROUGE or BLEU, as an evaluator. References come from a
/// <see cref="ReferencesContext"/>; it needs no chat client.
/// </summary>
/// <param name="name">The metric's name in the result.</param>
/// <param name="metric">The metric.</param>
public sealed class TextMetricEvaluator(string name, TextMetric metric) : IEvaluator
{
    /// <summary>A metric with its default options.</summary>
    /// <param name="name">One of the names of <see cref="TextMetricCatalog"/>, such as rougeL.</param>
    /// <exception cref="ArgumentException">There is no metric with this name.</exception>
    public TextMetricEvaluator(string name)
        : this(name, TextMetricCatalog.All.GetValueOrDefault(name) ?? throw new ArgumentException(
            $"must be one of {string.Join(", ", TextMetricCatalog.All.Keys)} (was '{name}')", nameof(name)))
    {
    }

    /// <summary>The metric's name.</summary>
    public IReadOnlyCollection<string> EvaluationMetricNames => [name];

    /// <summary>The metric of one response; without references, a metric without a value and with an error.</summary>
    /// <param name="messages">Not used.</param>
    /// <param name="modelResponse">The response.</param>
    /// <param name="chatConfiguration">Not used.</param>
    /// <param name="additionalContext">Must have a <see cref="ReferencesContext"/>.</param>
    /// <param name="cancellationToken">Not used: the metric is computed at once.</param>
    public ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages, ChatResponse modelResponse, ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null, CancellationToken cancellationToken = default)
    {
        var result = new NumericMetric(name);
        if (additionalContext?.OfType<ReferencesContext>().FirstOrDefault() is not { References.Count: > 0 } context)
            result.AddDiagnostics(EvaluationDiagnostic.Error(
                $"'{name}' needs a {nameof(ReferencesContext)} with at least one reference in additionalContext"));
        else if (metric.NeedsTable && context.Table.Count == 0)
            result.AddDiagnostics(EvaluationDiagnostic.Error($"'{name}' needs a {nameof(ReferencesContext)} with a table"));
        else
        {
            result.Value = metric.Scores([new(modelResponse.Text, context.References) { Table = context.Table }])[0];
            result.AddOrUpdateContext(context);
        }
        return new(new EvaluationResult(result));
    }
}
