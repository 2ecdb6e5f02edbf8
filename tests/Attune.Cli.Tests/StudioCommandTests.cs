using Attune.Store;
using Attune.Testing;

namespace Attune.Cli.Tests;

public sealed class StudioCommandTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    [Fact]
    public void Invite_NewPerson_PrintsASignInLink()
    {
        var (code, output, _) = Commands.Run("studio", "invite", "Olga", "--role", "owner", "--folder", folder.Path);
        Assert.Equal(0, code);
        using var store = PreferenceStore.Open(folder.File("studio.db"));
        var person = store.People.OfLink(output.Trim().Split("/join/")[1])!;
        Assert.Equal(("Olga", Role.Owner), (person.Name, person.Role));
    }

    [Fact]
    public void Invite_OtherRole_Fails()
    {
        Commands.Run("studio", "invite", "Olga", "--role", "owner", "--folder", folder.Path);
        var (code, _, error) = Commands.Run("studio", "invite", "Olga", "--role", "annotator", "--folder", folder.Path);
        Assert.Equal(2, code);
        Assert.Contains("Olga exists already, with the role Owner", error);
    }

    [Theory]
    [InlineData("localhost", "--listen must be an address and a port such as 127.0.0.1:5400, 0.0.0.0:5400 or [::1]:5400 (was localhost)")]
    [InlineData("0.0.0.0:0", "create the first one with `attune studio invite NAME --role owner`")]
    public void Studio_BadAddress_Fails(string address, string message)
    {
        var (code, _, error) = Commands.Run("studio", "--listen", address, "--folder", folder.Path);
        Assert.Equal(2, code);
        Assert.Contains(message, error);
    }

    [Theory]
    [InlineData("--oidc-client-id studio", "--oidc-client-id needs --oidc-authority")]
    [InlineData("--oidc-authority https://login.example.com", "--oidc-authority needs --oidc-client-id")]
    [InlineData("--oidc-authority login.example.com --oidc-client-id x", "--oidc-authority must be an address such as https://")]
    [InlineData("--oidc-authority http://login.example.com --oidc-client-id x", "must begin with https://")]
    [InlineData("--oidc-authority https://a.example --oidc-client-id x --oidc-group admins=boss", "such as admins=owner (was admins=boss)")]
    [InlineData("--oidc-authority https://a.example --oidc-client-id x --oidc-domain me@a.example", "a domain must be such as example.com")]
    [InlineData("--public-url studio.example.com", "--public-url must be an address such as https://studio.example.com")]
    public void Studio_ProviderOptionsThatDoNotFit_Fail(string words, string message)
    {
        var (code, _, error) = Commands.Run(["studio", "--listen", "127.0.0.1:0", "--folder", folder.Path, .. words.Split(' ')]);
        Assert.Equal(2, code);
        Assert.Contains(message, error);
    }

    [Fact]
    public void Studio_UnknownLogLevel_Fails()
    {
        var (code, _, error) = Commands.Run("studio", "--log", "loud", "--folder", folder.Path);
        Assert.Equal(2, code);
        Assert.Contains("--log must be one of trace, debug, information, warning, error, critical, none (was 'loud')", error);
    }

    [Fact]
    public void Studio_FileIsNotAStore_Fails()
    {
        folder.Write("studio.db", "this is a letter, not a store of preferences; it is long enough to be looked at as one");
        var (code, _, error) = Commands.Run("studio", "--folder", folder.Path);
        Assert.Equal(2, code);
        Assert.Contains("cannot be opened as a store of the studio", error);
    }

    public void Dispose() => folder.Dispose();
}
