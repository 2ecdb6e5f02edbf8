namespace Attune.Store;

/// <summary>What people look for in the responses of a conversation (Bai et al. 2022, https://arxiv.org/abs/2204.05862).</summary>
public enum DialogueGoal
{
    /// <summary>People choose the more helpful response, and the conversation goes on from it.</summary>
    Helpful,

    /// <summary>
    /// People try to make the models respond harmfully and choose the more harmful response. The conversation goes on from it; the other
    /// one is stored as the better response.
    /// </summary>
    RedTeam,
}

/// <summary>A model that responds in conversations.</summary>
/// <param name="Name">Its name, the source of its responses; annotators do not see it.</param>
/// <param name="Path">Its folder.</param>
public sealed record DialogueModel(string Name, string Path);

/// <summary>How the conversations of a project are held.</summary>
public sealed record DialogueSettings
{
    /// <summary>One model, which responds twice, or two models, which respond once each.</summary>
    public IReadOnlyList<DialogueModel> Models { get; init; } = [];

    public DialogueGoal Goal { get; init; }

    /// <summary>The system prompt of new conversations; empty for none.</summary>
    public string SystemPrompt { get; init; } = "";

    /// <summary>A chat template in Jinja that replaces those of the models; empty to use their own.</summary>
    public string ChatTemplate { get; init; } = "";

    /// <summary>The most messages that a person may write in a conversation, along one branch.</summary>
    public int MostTurns { get; init; } = 10;

    public double Temperature { get; init; } = 1;

    /// <summary>The most tokens of a response.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>All invalid settings, one message each.</summary>
    public IEnumerable<string> Problems()
    {
        if (Models.Count > 2)
            yield return $"a conversation needs one or two models (was {Models.Count})";
        if (MostTurns is < 1 or > 100)
            yield return $"a conversation must have at most 1 to 100 turns (was {MostTurns})";
        if (Temperature is not (>= 0 and <= 10))
            yield return $"the temperature must be from 0 to 10 (was {Temperature})";
        if (MaxTokens is < 1 or > 8192)
            yield return $"a response must have at most 1 to 8,192 tokens (was {MaxTokens})";
    }
}
