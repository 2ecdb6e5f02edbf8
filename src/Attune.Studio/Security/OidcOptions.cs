using Attune.Store;

namespace Attune.Studio.Security;

/// <summary>Sign-in with an OpenID Connect provider.</summary>
public sealed record OidcOptions
{
    /// <summary>The address of the provider, below which its discovery document is.</summary>
    public required Uri Authority { get; init; }

    /// <summary>The id with which the studio is registered at the provider.</summary>
    public required string ClientId { get; init; }

    /// <summary>The secret of the registration; null for a public client.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The name of the provider on the button; the host of its address when left out.</summary>
    public string? Name { get; init; }

    /// <summary>Scopes to ask for besides <c>openid profile email</c>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>
    /// If there are any, only people with a verified e-mail address in one of these domains may sign in with the provider.
    /// </summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>The roles of groups: people get the highest role of their groups at every sign-in.</summary>
    public IReadOnlyDictionary<string, Role> Groups { get; init; } = new Dictionary<string, Role>();

    /// <summary>The claim with the groups.</summary>
    public string GroupClaim { get; init; } = "groups";

    /// <summary>What happens to people who have no account in the studio.</summary>
    public UnknownPeople Unknown { get; init; } = UnknownPeople.Invited;

    public string DisplayName => Name ?? Authority.Host;

    /// <exception cref="InvalidDataException">An option is not valid.</exception>
    public void Check()
    {
        if (Authority.Scheme != Uri.UriSchemeHttps && !(Authority.Scheme == Uri.UriSchemeHttp && Authority.IsLoopback))
            throw new InvalidDataException($"the address of the provider must begin with https:// (was {Authority})");
        if (ClientId.Length == 0)
            throw new InvalidDataException("the client id must not be empty");
        if (Domains.FirstOrDefault(domain => domain.Length == 0 || domain.Contains('@')) is { } wrong)
            throw new InvalidDataException($"a domain must be such as example.com (was '{wrong}')");
    }

    /// <summary>Whether somebody can become an owner by signing in.</summary>
    internal bool MakesOwners => Groups.Values.Contains(Role.Owner);
}
