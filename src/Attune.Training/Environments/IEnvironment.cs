using Attune.Data;
using Attune.Text;

namespace Attune.Training.Environments;

/// <summary>Replies to the turns of a policy: a user, a game, tools.</summary>
public interface IEnvironment : IDisposable
{
    /// <summary>
    /// Replies to the last turn of each episode. A reply depends on its episode alone, so that a run that was killed ends with the same
    /// bits; <see cref="Episode.Seed"/> is for environments that draw random numbers. Calls never overlap.
    /// </summary>
    /// <param name="episodes">Episodes whose last turn has no reply.</param>
    /// <param name="cancellation">Cancelled when the run is.</param>
    /// <returns>A reply to each, in their order.</returns>
    Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation);

    void IDisposable.Dispose() => GC.SuppressFinalize(this);
}

/// <summary>A prompt, and the turns of the policy with their replies.</summary>
/// <param name="prompt">The prompt, with the row of the data file that it comes from.</param>
/// <param name="seed">Differs between episodes, and is the same when a step is repeated.</param>
public sealed class Episode(TokenPrompt prompt, ulong seed)
{
    readonly List<Turn> turns = [];

    public TokenPrompt Prompt => prompt;

    public ulong Seed => seed;

    /// <summary>The turns so far; only the last one can be without a reply.</summary>
    public IReadOnlyList<Turn> Turns => turns;

    /// <summary>Anything that an environment remembers of the episode. It must follow from the turns.</summary>
    public object? State { get; set; }

    internal void Add(Turn turn) => turns.Add(turn);

    internal void Add(Reply reply) => turns[^1] = turns[^1] with { Reply = reply };
}

/// <summary>What the policy wrote before it stopped.</summary>
/// <param name="Text">The text, without special tokens and without a stop string.</param>
/// <param name="Markup">The text with its special tokens, except for the end-of-sequence token.</param>
public sealed record Turn(string Text, string Markup)
{
    /// <summary>The reply of the environment; null before there is one.</summary>
    public Reply? Reply { get; init; }
}

/// <summary>A reply to a turn.</summary>
/// <param name="Messages">
/// What the policy reads next, as messages of the chat template; after a prompt that is no conversation, their texts alone. Not read
/// where the episode ends.
/// </param>
public sealed record Reply(IReadOnlyList<Message> Messages)
{
    /// <summary>A reply of a user.</summary>
    public Reply(string text)
        : this([new Message("user", text)])
    {
    }

    /// <summary>Whether the episode ends.</summary>
    public bool Ends { get; init; }

    /// <summary>The reward of the turn, which the reward <c>environment</c> gives at its last token.</summary>
    public double Reward { get; init; }

    /// <summary>How many tools the turn called.</summary>
    public int ToolCalls { get; init; }

    /// <summary>How many of these calls failed.</summary>
    public int ToolErrors { get; init; }

    /// <summary>Ends an episode.</summary>
    public static Reply End(double reward = 0) => new([]) { Ends = true, Reward = reward };

    /// <summary>The texts of the messages.</summary>
    public string Text => string.Join('\n', Messages.Select(message => message.Text));
}
