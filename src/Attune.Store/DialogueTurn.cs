using System.Text.Json.Nodes;

namespace Attune.Store;

/// <summary>A conversation of a person with models.</summary>
public sealed record Dialogue
{
    public long Id { get; init; }

    public long Project { get; init; }

    public long Person { get; init; }

    /// <summary>The system prompt; empty for none.</summary>
    public string SystemPrompt { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A line in the list of conversations.</summary>
public sealed record DialogueSummary
{
    public long Id { get; init; }

    /// <summary>The name of the person.</summary>
    public required string Person { get; init; }

    /// <summary>The first message.</summary>
    public required string Opening { get; init; }

    public int Turns { get; init; }

    /// <summary>How many turns have a decision.</summary>
    public int Decided { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The state of a turn.</summary>
public enum DialogueTurnState
{
    /// <summary>The models have not responded yet.</summary>
    Waiting,

    /// <summary>The models did not respond; they can be asked again.</summary>
    Failed,

    /// <summary>There are two responses.</summary>
    Answered,

    /// <summary>The person has chosen.</summary>
    Decided,
}

/// <summary>A message of a person with two responses. Turns form a tree: several turns that follow the same one are branches.</summary>
public sealed record DialogueTurn
{
    public long Id { get; init; }

    public long Dialogue { get; init; }

    /// <summary>The turn that it follows; null for the first one.</summary>
    public long? Parent { get; init; }

    /// <summary>The response to the parent's message that the conversation goes on from; null for the first turn.</summary>
    public string? Reply { get; init; }

    public required string Message { get; init; }

    /// <summary>The places of the responses in the order shown.</summary>
    public required IReadOnlyList<int> Shown { get; init; }

    /// <summary>Why the models did not respond; null where they did or are still asked.</summary>
    public string? Failure { get; init; }

    /// <summary>The item of the responses and the decision; null while there are no responses.</summary>
    public long? Item { get; init; }

    /// <summary>When the models responded.</summary>
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>The responses in the order shown.</summary>
    public IReadOnlyList<JsonNode> Responses { get; init; } = [];

    public Annotation? Decision { get; init; }

    public DialogueTurnState State => this switch
    {
        { Decision: not null } => DialogueTurnState.Decided,
        { Item: not null } => DialogueTurnState.Answered,
        { Failure: not null } => DialogueTurnState.Failed,
        _ => DialogueTurnState.Waiting,
    };

    /// <summary>
    /// The place in <see cref="Responses"/> of the one that the person chose: the better one, in a red-team project the more harmful one,
    /// of equal ones the first. Null where there is no decision, or both responses are bad.
    /// </summary>
    public int? Chosen(DialogueGoal goal) => Decision?.Result.AsShown(Shown).Ranks is not [{ } first, { } second] ? null
        : first == second || (first < second) == (goal == DialogueGoal.Helpful) ? 0 : 1;

    /// <summary>The text of a response.</summary>
    public string Response(int place) => Responses[place].GetValue<string>();

    /// <summary>
    /// The response that the conversation goes on from: the person's own one, otherwise the chosen one; null for none. In a red-team
    /// project the person's own one is how the models should have responded, and the conversation goes on from the chosen one.
    /// </summary>
    public string? GoesOnFrom(DialogueGoal goal) => goal == DialogueGoal.Helpful && Decision?.Result.Ideal is { } own ? own
        : Chosen(goal) is { } chosen ? Response(chosen) : null;
}
