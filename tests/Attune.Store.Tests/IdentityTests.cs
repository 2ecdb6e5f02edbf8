namespace Attune.Store.Tests;

public sealed class IdentityTests : IDisposable
{
    static readonly ExternalIdentity Mia = new("https://login.example.com", "1", "Mia");

    readonly TestStore test = new();

    [Theory]
    [InlineData("Mia", "Mia")]
    [InlineData("Olga", "Olga 2")]
    [InlineData("OLGА", "OLGА 2")]                // a Cyrillic А
    [InlineData("You", "Person")]                // reserved
    [InlineData("", "Person")]
    [InlineData("a\u202Eb", "Person")]
    public void SignIn_NameThatIsTakenOrNotAllowed_GetsAnother(string name, string expected) =>
        Assert.Equal(expected, SignIn(Mia with { Name = name }).Name);

    [Fact]
    public void SignIn_GroupOfTheLastOwnerChanges_StaysOwner()
    {
        test.Store.People.Disable(test.Owner.Id, true, test.Owner.Id);
        var mia = SignIn(Mia with { Role = Role.Owner });
        Assert.Equal(Role.Owner, SignIn(Mia with { Role = Role.Annotator }).Role);
        test.Store.People.Disable(test.Owner.Id, false, mia.Id);
        test.Store.People.NewLink(test.Owner.Id);
        Assert.Equal(Role.Annotator, SignIn(Mia with { Role = Role.Annotator }).Role);
    }

    [Fact]
    public void SignIn_RoleThatAnOwnerSet_NeedsNoGroup()
    {
        SignIn(Mia);
        test.Store.People.SetRole(test.Store.People.Find("Mia")!.Id, Role.Reviewer, test.Owner.Id);
        Assert.Equal(Role.Reviewer, SignIn(Mia).Role);
    }

    [Fact]
    public void SignIn_SameSubjectOfAnotherProvider_IsAnotherPerson() =>
        Assert.NotEqual(SignIn(Mia).Id, SignIn(Mia with { Issuer = "https://other.example.com" }).Id);

    [Fact]
    public void Link_AccountOfAnotherPerson_IsRefused()
    {
        SignIn(Mia);
        Assert.Throws<InvalidDataException>(() => test.Store.Identities.Link(test.Owner.Id, Mia));
        Assert.False(test.Store.People.Find("Olga")!.CanSignIn);
    }

    [Fact]
    public void Unlink_OnlyWayToSignIn_IsRefused()
    {
        var mia = SignIn(Mia);
        Assert.Throws<InvalidDataException>(() => test.Store.Identities.Unlink(mia.Id));
        test.Store.People.SetPassword(mia.Id, "hash");
        test.Store.Identities.Unlink(mia.Id);
        Assert.False(test.Store.People.Find("Mia")!.HasProvider);
        Assert.NotEqual(mia.Id, SignIn(Mia).Id);
    }

    Person SignIn(ExternalIdentity identity) =>
        test.Store.Identities.SignIn(identity, UnknownPeople.Annotator, usesGroups: true).Person;

    public void Dispose() => test.Dispose();
}
