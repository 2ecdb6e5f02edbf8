using Attune.Generation;

namespace Attune.Training.Environments;

/// <summary>An episode as one response: the tokens of all turns as they were sampled, and those of the replies between them.</summary>
/// <param name="Tokens">The tokens after the prompt.</param>
/// <param name="Logprobs">The log-probability of each token, 0 at those of replies.</param>
/// <param name="Values">The value before each token, 0 at those of replies; empty when the model has no value head.</param>
/// <param name="Ended">Whether the environment ended the episode; otherwise a limit did.</param>
/// <param name="Turns">The turns and their replies.</param>
public sealed record EpisodeResponse(int[] Tokens, float[] Logprobs, float[] Values, bool Ended, IReadOnlyList<Turn> Turns)
    : Response(Tokens, Logprobs, Values, Ended)
{
    /// <summary>The text of the last turn, which rules score.</summary>
    public override string LastTurn => Turns[^1].Text;

    /// <summary>All turns and replies as one text, for people.</summary>
    public string Transcript => string.Join('\n', Turns.SelectMany(turn => turn.Reply is { Messages.Count: > 0 } reply
        ? new[] { turn.Markup.Trim(), "→ " + reply.Text.Trim() }
        : [turn.Markup.Trim()]));

    /// <summary>Rewards of the environment: one for each token, that of a turn at the turn's last token.</summary>
    public double[] Rewards()
    {
        var rewards = new double[Tokens.Length];
        var turn = 0;
        for (var at = 0; at < Tokens.Length; at++)
            if (IsSampled(at) && (at + 1 == Tokens.Length || !IsSampled(at + 1)))
                rewards[at] = Turns[turn++].Reply?.Reward ?? 0;
        return rewards;
    }
}
