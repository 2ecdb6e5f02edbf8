using System.CommandLine;
using Attune.Store;
using Attune.Studio.Security;

namespace Attune.Cli.Commands;

/// <summary>The options of <c>attune studio</c> for an OpenID Connect provider.</summary>
static class OidcArguments
{
    /// <summary>The client secret is no option: other users of the machine can read command lines.</summary>
    const string SecretVariable = "ATTUNE_OIDC_CLIENT_SECRET";

    static readonly Option<string?> Authority = new("--oidc-authority")
    {
        HelpName = "URL", Description = $"Sign in with this OpenID Connect provider; set {SecretVariable} to its client secret",
    };
    static readonly Option<string?> ClientId = new("--oidc-client-id")
    {
        HelpName = "ID", Description = "The id with which the studio is registered at the provider",
    };
    static readonly Option<string?> Name = new("--oidc-name")
    {
        HelpName = "NAME", Description = "The provider's name on the sign-in button; its host when left out",
    };
    static readonly Option<string[]> Scopes = new("--oidc-scope")
    {
        HelpName = "SCOPE", Description = "A scope to request besides openid, profile and email; may be repeated",
    };
    static readonly Option<string[]> Domains = new("--oidc-domain")
    {
        HelpName = "DOMAIN", Description = "Only verified e-mail addresses in this domain may sign in; may be repeated",
    };
    static readonly Option<string[]> Groups = new("--oidc-group")
    {
        HelpName = "GROUP=ROLE", Description = "The role of a group: owner, reviewer or annotator; may be repeated",
    };
    static readonly Option<string> GroupClaim = new("--oidc-group-claim")
    {
        HelpName = "CLAIM", Description = "The claim that has the groups", DefaultValueFactory = _ => "groups",
    };
    static readonly Option<UnknownPeople> Unknown =
        ChoiceOption.Create("--oidc-unknown", "What happens to people without an account here and without a group", UnknownPeople.Invited);

    public static void AddTo(Command command)
    {
        foreach (var option in new Option[] { Authority, ClientId, Name, Scopes, Domains, Groups, GroupClaim, Unknown })
            command.Options.Add(option);
    }

    /// <returns>Null without a provider.</returns>
    /// <exception cref="InvalidDataException">An option is missing or not valid.</exception>
    public static OidcOptions? Read(ParseResult parsed)
    {
        if (parsed.GetValue(Authority) is not { } authority)
            return new Option[] { ClientId, Name, Scopes, Domains, Groups, GroupClaim, Unknown }
                .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } option
                ? throw new InvalidDataException($"{option.Name} needs --oidc-authority, the address of the provider") : null;
        var options = new OidcOptions
        {
            Authority = Address("--oidc-authority", authority),
            ClientId = parsed.GetValue(ClientId) ?? throw new InvalidDataException(
                "--oidc-authority needs --oidc-client-id, the id with which the studio is registered at the provider"),
            ClientSecret = TakeSecret(),
            Name = parsed.GetValue(Name),
            Scopes = parsed.GetValue(Scopes) ?? [],
            Domains = parsed.GetValue(Domains) ?? [],
            Groups = (parsed.GetValue(Groups) ?? []).Select(Group).ToDictionary(),
            GroupClaim = parsed.GetValue(GroupClaim)!,
            Unknown = parsed.GetValue(Unknown),
        };
        options.Check();
        return options;
    }

    /// <summary>Reads the secret and removes it from the environment, which the studio's jobs inherit.</summary>
    static string? TakeSecret()
    {
        var secret = Environment.GetEnvironmentVariable(SecretVariable)?.Trim();
        Environment.SetEnvironmentVariable(SecretVariable, null);
        return string.IsNullOrEmpty(secret) ? null : secret;
    }

    /// <exception cref="InvalidDataException">It is no address of a web server.</exception>
    public static Uri Address(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
        : throw new InvalidDataException($"{option} must be an address such as https://studio.example.com (was {text})");

    static KeyValuePair<string, Role> Group(string text)
    {
        var at = text.LastIndexOf('=');
        var role = Enum.GetValues<Role>().FirstOrDefault(role =>
            role.ToString().Equals(text[(at + 1)..], StringComparison.OrdinalIgnoreCase), (Role)(-1));
        return at > 0 && Enum.IsDefined(role) ? new(text[..at], role) : throw new InvalidDataException(
            $"--oidc-group must be a group and a role, such as admins=owner (was {text})");
    }
}
