namespace Attune.Store;

/// <summary>What a person may do. Each may do what those below may.</summary>
public enum Role
{
    /// <summary>Ranks, in the projects of which they are a member, and sees their own figures.</summary>
    Annotator,

    /// <summary>Sees everyone's figures in those projects, adjudicates, exports.</summary>
    Reviewer,

    /// <summary>Makes projects, invites people, starts runs.</summary>
    Owner,
}

/// <summary>Somebody who may sign in.</summary>
public sealed record Person
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public Role Role { get; init; }

    /// <summary>Changes with the password, the link and the role; a session with another one has ended.</summary>
    public required string Session { get; init; }

    public bool HasPassword { get; init; }

    public bool HasLink { get; init; }

    public bool Disabled { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}
