using Attune.Training.Rewards;

namespace Attune;

/// <summary>
/// Rewards that are C# functions, for the lists of rewards of a recipe. Scores must be finite; more is better. A score that is null is left
/// out: the response is scored by the other rewards of the list.
/// </summary>
public static class Reward
{
    const int AsyncCallsAtOnce = 16;

    /// <summary>A score from the texts of a prompt and a response.</summary>
    /// <param name="score">The score of one response.</param>
    /// <param name="name">What the reward is called in metrics and messages; rewards of one list need different names.</param>
    public static FunctionReward From(Func<string, string, double> score, string name = "") =>
        From(response => score(response.Prompt.Text, response.Text), name);

    /// <summary>A score from the texts of a prompt and a response, from a function that waits; 16 responses are scored at once.</summary>
    /// <inheritdoc cref="From(Func{string, string, double}, string)"/>
    public static FunctionReward From(Func<string, string, Task<double>> score, string name = "") =>
        From(response => score(response.Prompt.Text, response.Text), name);

    /// <summary>A score from a response with the row of the data file that its prompt is from, which may hold the right answer.</summary>
    /// <inheritdoc cref="From(Func{string, string, double}, string)"/>
    public static FunctionReward From(Func<TextResponse, double> score, string name = "") =>
        new((IReadOnlyList<TextResponse> responses) => Scores.FromTotals(responses.Select(score))) { Name = name };

    /// <summary>The same from a function that waits; 16 responses are scored at once.</summary>
    /// <inheritdoc cref="From(Func{string, string, double}, string)"/>
    public static FunctionReward From(Func<TextResponse, Task<double>> score, string name = "") =>
        new(async responses => Scores.FromTotals(await ScoreEach(responses, score).ConfigureAwait(false))) { Name = name };

    /// <summary>The same; null for a response that the reward does not apply to.</summary>
    /// <inheritdoc cref="From(Func{string, string, double}, string)"/>
    public static FunctionReward From(Func<TextResponse, double?> score, string name = "") =>
        new((IReadOnlyList<TextResponse> responses) => Scores.FromTotals(responses.Select(score))) { Name = name };

    /// <summary>The same from a function that waits; null for a response that the reward does not apply to.</summary>
    /// <inheritdoc cref="From(Func{string, string, double}, string)"/>
    public static FunctionReward From(Func<TextResponse, Task<double?>> score, string name = "") =>
        new(async responses => Scores.FromTotals(await ScoreEach(responses, score).ConfigureAwait(false))) { Name = name };

    /// <summary>
    /// The scores of all responses of a step at once, in their order: of whole responses, of their tokens, or none for some of them.
    /// </summary>
    /// <param name="scores">The scores.</param>
    /// <param name="name">What the reward is called in metrics and messages; rewards of one list need different names.</param>
    public static FunctionReward FromBatch(Func<IReadOnlyList<TextResponse>, Scores> scores, string name = "") =>
        new(scores) { Name = name };

    /// <summary>The scores of all responses of a step at once, in their order.</summary>
    /// <param name="scores">One score for each response.</param>
    /// <param name="name">What the reward is called in metrics and messages; rewards of one list need different names.</param>
    public static FunctionReward FromBatch(Func<IReadOnlyList<TextResponse>, IReadOnlyList<double>> scores, string name = "") =>
        new(scores) { Name = name };

    /// <summary>The scores of all responses of a step at once, in their order, from a function that waits.</summary>
    /// <inheritdoc cref="FromBatch(Func{IReadOnlyList{TextResponse}, IReadOnlyList{double}}, string)"/>
    public static FunctionReward FromBatch(Func<IReadOnlyList<TextResponse>, Task<IReadOnlyList<double>>> scores, string name = "") =>
        new(scores) { Name = name };

    static async Task<T[]> ScoreEach<T>(IReadOnlyList<TextResponse> responses, Func<TextResponse, Task<T>> score)
    {
        var scores = new T[responses.Count];
        await Parallel.ForAsync(0, scores.Length, new ParallelOptions { MaxDegreeOfParallelism = AsyncCallsAtOnce }, async (i, _) =>
            scores[i] = await score(responses[i]).ConfigureAwait(false)).ConfigureAwait(false);
        return scores;
    }
}
