using Attune.Training.Rewards;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace Attune.Evaluation;

/// <summary>Evaluators of Microsoft.Extensions.AI.Evaluation as rewards.</summary>
public static class EvaluatorReward
{
    /// <summary>
    /// A metric of an evaluator as a reward; 16 responses are evaluated at once. A truth value counts as 1 or 0. A metric without a value
    /// is no score for the response; with an error, it stops the run with a checkpoint.
    /// </summary>
    /// <param name="evaluator">The evaluator.</param>
    /// <param name="metric">The name of its metric.</param>
    /// <param name="chat">The model that the evaluator asks; null for an evaluator that asks none.</param>
    /// <param name="context">What the evaluator needs to know about a response, such as references from the prompt's row.</param>
    /// <param name="name">What the reward is called in metrics and messages; rewards of one list need different names.</param>
    public static FunctionReward From(
        IEvaluator evaluator, string metric, ChatConfiguration? chat = null,
        Func<TextResponse, IEnumerable<EvaluationContext>>? context = null, string name = "")
    {
        return Reward.From(Score, name);

        async Task<double?> Score(TextResponse response)
        {
            var result = await evaluator.EvaluateAsync(
                [new(ChatRole.User, response.Prompt.Text)], new(new ChatMessage(ChatRole.Assistant, response.Text)), chat,
                context?.Invoke(response)).ConfigureAwait(false);
            return Value(result, metric, evaluator.GetType().Name);
        }
    }

    static double? Value(EvaluationResult result, string metric, string evaluator)
    {
        if (!result.Metrics.TryGetValue(metric, out var found))
            throw new InvalidDataException(
                $"the evaluator {evaluator} has no metric '{metric}'; it has {string.Join(", ", result.Metrics.Keys)}");
        return found switch
        {
            NumericMetric { Value: { } number } => number,
            BooleanMetric { Value: { } isTrue } => isTrue ? 1 : 0,
            _ when Error(found) is { } error =>
                throw new InvalidDataException($"the evaluator {evaluator} failed to give the metric '{metric}': {error}"),
            NumericMetric or BooleanMetric => null,
            _ => throw new InvalidDataException(
                $"the metric '{metric}' of the evaluator {evaluator} is not a number or a truth value, which a reward must be"),
        };
    }

    static string? Error(EvaluationMetric metric) =>
        metric.Diagnostics?.FirstOrDefault(found => found.Severity == EvaluationDiagnosticSeverity.Error)?.Message;
}
