namespace Attune.Store;

/// <summary>What a personal access token may be used for. The role of its person limits it further.</summary>
public enum AccessScope
{
    /// <summary>Read projects, their progress and their agreement.</summary>
    Read,

    /// <summary>Get items and annotate them.</summary>
    Annotate,

    /// <summary>Add items to projects.</summary>
    Import,

    /// <summary>Download the annotations of projects.</summary>
    Export,

    /// <summary>Create projects and invite members.</summary>
    Manage,
}

/// <summary>A personal access token, without the secret.</summary>
public sealed record AccessToken
{
    public long Id { get; init; }

    /// <summary>The person for whom it acts.</summary>
    public long Person { get; init; }

    /// <summary>What it is for, as its person named it.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<AccessScope> Scopes { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>From this time on it is refused.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was last used, to the minute; null where it was not used yet.</summary>
    public DateTimeOffset? UsedAt { get; init; }
}

/// <summary>What a request with a token may do.</summary>
/// <param name="Token">The token.</param>
/// <param name="Access">Its person, and the project that the request is about.</param>
public sealed record TokenAccess(AccessToken Token, Access Access);
