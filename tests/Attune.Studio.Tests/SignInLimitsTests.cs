using System.Net;
using System.Text;
using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;

namespace Attune.Studio.Tests;

public sealed class SignInLimitsTests : IDisposable
{
    readonly SignInLimits limits = new();

    [Fact]
    public void Allow_AddressesOfOneIpv6Network_ShareALimit() =>
        Assert.InRange(Enumerable.Range(1, 40).Count(i => Allow($"2001:db8::{i:x}", "Olga")), 1, 10);

    [Fact]
    public void Allow_OneNameFromManyAddresses_IsLimited() =>
        Assert.InRange(Enumerable.Range(0, 400).Count(i => Allow($"10.0.{i / 200}.{i % 200}", "Olga")), 1, 100);

    [Fact]
    public void Allow_AttemptsOnOneName_LeaveOthersAlone()
    {
        for (var i = 0; i < 20; i++)
            Allow("10.0.0.1", "Olga");
        Assert.False(Allow("10.0.0.1", "Olga"));
        Assert.True(Allow("10.0.0.1", "Mia"));
        Assert.True(Allow("10.0.0.2", "Olga"));
    }

    [Fact]
    public void Allow_KnownBrowser_HasALimitOfItsOwn()
    {
        for (var i = 0; i < 400; i++)
            Allow("10.0.0.1", $"{i % 50}");
        Assert.False(Allow("10.0.0.1", "Olga"));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => limits.AllowKnown("browser")));
    }

    [Theory]
    [InlineData("aaaaaaaaaa")]
    [InlineData("1234567890")]
    [InlineData("          ")]
    [InlineData("password123")]
    [InlineData("P@ssw0rd2026")]
    [InlineData("qwertyuiop")]
    [InlineData("1q2w3e4r5t")]
    [InlineData("hotelhotelhotel")]
    [InlineData("OlgaOlga12345")]
    [InlineData("too short")]
    public void Hash_EasyPassword_IsRefused(string password) =>
        Assert.Throws<InvalidDataException>(() => Passwords.Hash(password, "Olga"));

    [Theory]
    [InlineData("correct horse")]
    [InlineData("kT8#vQ2!mZ")]
    [InlineData("drei kleine Hühner")]
    [InlineData("猫が窓から海を見ていた夜")]
    public void Hash_OtherPassword_IsTaken(string password) =>
        Assert.True(Passwords.Verify(Passwords.Hash(password, "Olga"), password));

    [Fact]
    public void Verify_SameCharactersTypedElsewhere_Match()
    {
        var hash = Passwords.Hash("un été à Évian", "Olga");
        Assert.True(Passwords.Verify(hash, "un été à Évian".Normalize(NormalizationForm.FormD)));
        Assert.False(Passwords.Verify(hash, "un ete a Evian"));
        Assert.False(Passwords.Verify(null, "un été à Évian"));
    }

    [Fact]
    public void Verify_HashOfAnOlderStudio_StillMatches()
    {
        var typed = "un été à Évian".Normalize(NormalizationForm.FormD);
        Assert.True(Passwords.Verify(new PasswordHasher<Person>().HashPassword(null!, typed), typed));
    }

    bool Allow(string address, string name) => limits.Allow(From(address), name);

    static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };

    public void Dispose() => limits.Dispose();
}
