namespace Attune.Store;

/// <summary>An account at an OpenID Connect provider.</summary>
/// <param name="Issuer">The provider, as its ID tokens name it.</param>
/// <param name="Subject">The id of the account, which the provider never gives to another one.</param>
/// <param name="Name">The name of its person.</param>
/// <param name="Email">The e-mail address, if the provider has verified it.</param>
/// <param name="Role">The highest role of its groups; null where none of them has a role.</param>
public sealed record ExternalIdentity(string Issuer, string Subject, string Name, string? Email = null, Role? Role = null);

/// <summary>What happens to people who sign in at the provider and have no account in the studio.</summary>
public enum UnknownPeople
{
    /// <summary>They are refused.</summary>
    Refuse,

    /// <summary>They get an account if they are invited: by a link, or by their verified e-mail address.</summary>
    Invited,

    /// <summary>They get an account as annotators, without projects.</summary>
    Annotator,
}
