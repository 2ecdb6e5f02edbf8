namespace Attune.Store;

/// <summary>An invitation to a project, without the secret of its link.</summary>
public sealed record Invitation
{
    public long Id { get; init; }

    public long Project { get; init; }

    public required string ProjectName { get; init; }

    /// <summary>The role of new accounts; people who have an account keep their role.</summary>
    public Role Role { get; init; }

    /// <summary>Only a person with this verified e-mail address may use it; null lets everyone who has the link.</summary>
    public string? Email { get; init; }

    /// <summary>How many more people may join with it.</summary>
    public int UsesLeft { get; init; }

    /// <summary>The name of the person who made it.</summary>
    public required string MadeBy { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>From this time on it is refused.</summary>
    public DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>What an invitation allows.</summary>
public sealed record InvitationOptions
{
    /// <summary>The most days and uses.</summary>
    public const int MostDays = 90, MostUses = 1_000;

    /// <summary>The role of new accounts: annotator or reviewer.</summary>
    public Role Role { get; init; }

    /// <summary>After how many days it expires.</summary>
    public int Days { get; init; } = 7;

    /// <summary>How many people may join with it.</summary>
    public int Uses { get; init; } = 1;

    /// <summary>The e-mail address of the only person who may use it, once; null for everyone who has the link.</summary>
    public string? Email { get; init; }

    /// <exception cref="InvalidDataException">An option is out of range, or the inviting person may not invite this role.</exception>
    internal void Check(Role by)
    {
        if (Role is not (Role.Annotator or Role.Reviewer))
            throw new InvalidDataException($"an invitation is for an annotator or a reviewer (was {Role}); owners can make others owners");
        if (by < Role.Owner && Role > Role.Annotator)
            throw new InvalidDataException("reviewers may invite annotators only; ask an owner to invite a reviewer");
        if (Days is < 1 or > MostDays)
            throw new InvalidDataException($"an invitation must expire after 1 to {MostDays} days (was {Days})");
        if (Uses is < 1 or > MostUses)
            throw new InvalidDataException($"an invitation must have 1 to {MostUses:N0} uses (was {Uses})");
        if (Email is { } email && (email.Length > 254 || email.Split('@') is not [{ Length: > 0 }, { Length: > 0 }]))
            throw new InvalidDataException($"the e-mail address must have one @ (was {email})");
    }
}
