using Attune.Data;
using Attune.Generation;
using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// Scores of a process reward model. Each step is rewarded at its last token, by how much it changes the score of the response; or the
/// whole response at its end. The text of a response is divided at the model's separator.
/// </summary>
/// <param name="scorer">The process reward model.</param>
/// <param name="policyTokenizer">The tokenizer of the responses.</param>
public sealed class StepRewardSource(StepScorer scorer, Tokenizer policyTokenizer) : IRewardSource
{
    /// <summary>How the probabilities of steps become the score of a response.</summary>
    public StepScore Steps { get; init; }

    /// <summary>Whether each step is rewarded, and not the response at its end.</summary>
    public bool PerStep { get; init; } = true;

    public bool UsesModel => true;

    public Scores Score(Rollouts rollouts)
    {
        var steps = rollouts.Completions.Select(response => StepText.Split(policyTokenizer.TextOf(response), scorer.Separator)).ToList();
        var scored = scorer.Score([.. rollouts.Prompts.Zip(steps, (prompt, own) =>
            new ResponseSteps(prompt.Text, [.. own.Select(step => step.Text)]))]);
        return PerStep
            ? new([.. rollouts.Completions.Zip(steps, scored).Select(row => Row(row.First, row.Second, row.Third.Probabilities))])
            : Scores.FromTotals(scored.Select(own => Steps.Combine(own.Probabilities)));
    }

    /// <summary>The rewards of the tokens of a response: those of its steps at their last tokens, 0 elsewhere.</summary>
    double[] Row(Response response, IReadOnlyList<(string Text, int End)> steps, double[] probabilities)
    {
        var row = new double[response.Tokens.Length];
        foreach (var (i, reward) in Steps.Rewards(probabilities).Index())
            row[i == steps.Count - 1 ? row.Length - 1 : TokenAt(response.Tokens, steps[i].End)] += reward;
        return row;
    }

    /// <summary>The token with which the text of a response reaches a length.</summary>
    int TokenAt(int[] tokens, int length)
    {
        var (low, high) = (1, tokens.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (policyTokenizer.Decode(tokens.AsSpan(..middle), skipSpecialTokens: true).Length >= length)
                high = middle;
            else
                low = middle + 1;
        }
        return low - 1;
    }
}
