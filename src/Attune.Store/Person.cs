namespace Attune.Store;

/// <summary>The role of a person. Each role may do what the roles before it may.</summary>
public enum Role
{
    /// <summary>Annotates in the projects of which they are a member, and sees their own statistics.</summary>
    Annotator,

    /// <summary>Also sees everyone's statistics in these projects, adjudicates and exports.</summary>
    Reviewer,

    /// <summary>Also makes projects, invites people and starts runs.</summary>
    Owner,
}

/// <summary>Accounts that the program itself creates. Their names are reserved.</summary>
public enum SpecialPerson
{
    /// <summary>Holds imported decisions; cannot sign in.</summary>
    Imported,

    /// <summary>The person at this machine in a studio without accounts.</summary>
    Local,

    /// <summary>A model that compares responses; cannot sign in. There may be several.</summary>
    Judge,
}

/// <summary>A person who may sign in.</summary>
public sealed record Person
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public Role Role { get; init; }

    /// <summary>Changes with the password, the link and the role; sessions with another value have ended.</summary>
    public required string Session { get; init; }

    public bool HasPassword { get; init; }

    public bool HasLink { get; init; }

    /// <summary>Whether they have signed in with an OpenID Connect provider, or linked their account there.</summary>
    public bool HasProvider { get; init; }

    /// <summary>Whether they have a way to sign in; the person at this machine may have none.</summary>
    public bool CanSignIn => HasPassword || HasLink || HasProvider;

    public bool Disabled { get; init; }

    /// <summary>Null for all accounts but those that the program itself created.</summary>
    public SpecialPerson? Special { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}
