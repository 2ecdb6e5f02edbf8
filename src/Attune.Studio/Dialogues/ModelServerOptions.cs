namespace Attune.Studio.Dialogues;

/// <summary>Limits of the models that respond in conversations.</summary>
public sealed record ModelServerOptions
{
    /// <summary>How many turns are responded to at the same time; others wait.</summary>
    public int AtOnce { get; init; } = 8;

    /// <summary>How long a model may take until it accepts requests.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a model may take to respond.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>After this time without a request, the server of a model ends.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(10);
}
