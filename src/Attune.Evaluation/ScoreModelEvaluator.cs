using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace Attune.Evaluation;

/// <summary>The score of a reward model as an evaluator; it needs no chat client. Responses are scored one at a time.</summary>
/// <param name="model">The reward model.</param>
/// <param name="name">The metric's name in the result.</param>
public sealed class ScoreModelEvaluator(ScoreModel model, string name = ScoreModelEvaluator.Score) : IEvaluator
{
    /// <summary>The usual name of the metric.</summary>
    public const string Score = "score";

    readonly Lock scoring = new();

    /// <summary>The metric's name.</summary>
    public IReadOnlyCollection<string> EvaluationMetricNames => [name];

    /// <summary>
    /// Makes the text that the model reads before the response from the messages; by default their texts, one after the other on lines of
    /// their own.
    /// </summary>
    public Func<IEnumerable<ChatMessage>, string> Prompt { get; init; } =
        messages => string.Join('\n', messages.Select(message => message.Text));

    /// <summary>The score of one response.</summary>
    /// <param name="messages">The conversation before the response.</param>
    /// <param name="modelResponse">The response.</param>
    /// <param name="chatConfiguration">Not used.</param>
    /// <param name="additionalContext">Not used.</param>
    /// <param name="cancellationToken">Ends the evaluation before the response is scored.</param>
    public async ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages, ChatResponse modelResponse, ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null, CancellationToken cancellationToken = default)
    {
        var score = await Task.Run(
            () =>
            {
                lock (scoring)
                    return model.Score(Prompt(messages), modelResponse.Text);
            },
            cancellationToken).ConfigureAwait(false);
        return new(new NumericMetric(name, score));
    }
}
