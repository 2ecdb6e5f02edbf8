using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// Scores a response by the share of the other responses to its prompt that it beats, from 0 to 1, as a judge decides.
/// </summary>
/// <param name="name">The name of the reward, for messages.</param>
/// <param name="judge">The judge; the source disposes of it.</param>
/// <param name="tokenizer">The tokenizer of the responses.</param>
public sealed class JudgeSource(string name, IJudge judge, Tokenizer tokenizer) : IRewardSource
{
    public bool IsRemote => true;

    public bool ComparesResponses => true;

    public Scores Score(Rollouts rollouts)
    {
        var size = rollouts.GroupSize;
        if (size < 2)
            throw new InvalidDataException(
                $"the reward '{name}' compares responses, so that there must be several to each prompt; here there is one");
        var responses = TextResponse.FromRollouts(rollouts, tokenizer);
        (int First, int Second)[] pairs =
        [
            .. from first in Enumerable.Range(0, rollouts.Count)
               from second in Enumerable.Range(first + 1, size - 1 - first % size)
               select (first, second),
        ];
        var wins = judge.CompareInBothOrders(name, [.. pairs.Select(pair => (responses[pair.First], responses[pair.Second]))]);
        var totals = new double[rollouts.Count];
        foreach (var ((first, second), win) in pairs.Zip(wins))
        {
            totals[first] += win / (size - 1);
            totals[second] += (1 - win) / (size - 1);
        }
        return Scores.FromTotals(totals) with { AreWinRates = true };
    }

    public void Dispose() => judge.Dispose();
}
