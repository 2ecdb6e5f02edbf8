namespace Attune.Store.Tests;

public abstract class InvitationTests : IDisposable
{
    readonly TestStore test;
    readonly Project project;

    protected InvitationTests(StoreKind kind)
    {
        test = new(kind);
        project = test.Project(new(), 1);
    }

    [Fact]
    public void Accept_PersonWithAnAccount_BecomesAMemberOnceAndKeepsTheRole()
    {
        var ann = test.Person("Ann");
        var token = Add(new() { Role = Role.Reviewer, Uses = 2 });
        Assert.Equal(project.Id, test.Store.Invitations.Accept(token, ann.Id));
        test.Store.Invitations.Accept(token, ann.Id);
        Assert.True(test.Store.Projects.IsMember(project.Id, ann.Id));
        Assert.Equal(Role.Annotator, test.Store.People.Find("Ann")!.Role);
        Assert.Equal(1, Assert.Single(test.Store.Invitations.Of(project.Id)).UsesLeft);
        Assert.Equal(["joined", "invitation made"],
            test.Store.Audit.Newest(project.Id, count: 2).Select(entry => entry.Action));
    }

    [Fact]
    public void Join_NewPerson_HasTheRoleAndThePassword()
    {
        var mia = test.Store.Invitations.Join(Add(new() { Role = Role.Reviewer }), " Mia ", "hash");
        Assert.Equal(("Mia", Role.Reviewer, true), (mia.Name, mia.Role, mia.HasPassword));
        Assert.True(test.Store.Projects.IsMember(project.Id, mia.Id));
    }

    [Fact]
    public void Join_NameIsTaken_UsesNothingUp()
    {
        var token = Add(new());
        Assert.Throws<InvalidDataException>(() => test.Store.Invitations.Join(token, "OLGA", "hash"));
        Assert.Equal(1, test.Store.Invitations.Find(token)!.UsesLeft);
    }

    [Theory]
    [InlineData("used")]
    [InlineData("expired")]
    [InlineData("revoked")]
    [InlineData("disabled")]
    public void Accept_InvitationThatHasEnded_IsRefused(string why)
    {
        var rita = test.Store.People.Add("Rita", Role.Reviewer);
        var (id, token) = test.Store.Invitations.Add(project.Id, new(), rita);
        Action end = why switch
        {
            "used" => () => test.Store.Invitations.Join(token, "First", "hash"),
            "expired" => () => test.Time.Pass(TimeSpan.FromDays(7)),
            "revoked" => () => Assert.True(test.Store.Invitations.Revoke(project.Id, id, rita.Id)),
            _ => () => test.Store.People.Disable(rita.Id, true, test.Owner.Id),
        };
        end();
        Assert.Null(test.Store.Invitations.Find(token));
        var error = Assert.Throws<InvalidDataException>(() => test.Store.Invitations.Join(token, "Mia", "hash"));
        Assert.Contains("has expired, was used or was revoked", error.Message);
        Assert.Null(test.Store.People.Find("Mia"));
    }

    [Fact]
    public void Accept_InvitationForAnAddress_NeedsTheVerifiedAddress()
    {
        var token = Add(new() { Email = "Mia@Example.com", Uses = 5 });
        var ann = test.Person("Ann");
        Assert.Throws<InvalidDataException>(() => test.Store.Invitations.Accept(token, ann.Id));
        Assert.Throws<InvalidDataException>(() => test.Store.Invitations.Accept(token, ann.Id, "eve@example.com"));
        Assert.Throws<InvalidDataException>(() => test.Store.Invitations.Join(token, "Eve", "hash"));
        Assert.Equal(project.Id, test.Store.Invitations.Accept(token, ann.Id, "mia@EXAMPLE.com"));
        Assert.Equal(0, Assert.Single(test.Store.Invitations.Of(project.Id)).UsesLeft);
    }

    [Theory]
    [InlineData(Role.Owner, 7, 1, null, "annotator or a reviewer")]
    [InlineData(Role.Annotator, 0, 1, null, "1 to 90 days (was 0)")]
    [InlineData(Role.Annotator, 91, 1, null, "1 to 90 days (was 91)")]
    [InlineData(Role.Annotator, 7, 0, null, "1 to 1,000 uses (was 0)")]
    [InlineData(Role.Annotator, 7, 1, "mia", "must have one @ (was mia)")]
    public void Add_NotAllowed_IsRefused(Role role, int days, int uses, string? email, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Add(new() { Role = role, Days = days, Uses = uses, Email = email }));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Add_ReviewerInvitesAReviewer_IsRefused()
    {
        var rita = test.Store.People.Add("Rita", Role.Reviewer);
        var error = Assert.Throws<InvalidDataException>(() =>
            test.Store.Invitations.Add(project.Id, new() { Role = Role.Reviewer }, rita));
        Assert.Contains("reviewers may invite annotators only", error.Message);
    }

    [Fact]
    public void Revoke_InvitationOfAnotherProject_ReturnsFalse()
    {
        var (id, token) = test.Store.Invitations.Add(project.Id, new(), test.Owner);
        Assert.False(test.Store.Invitations.Revoke(test.Project(new(), 1).Id, id, test.Owner.Id));
        Assert.NotNull(test.Store.Invitations.Find(token));
    }

    string Add(InvitationOptions options) => test.Store.Invitations.Add(project.Id, options, test.Owner).Token;

    public void Dispose()
    {
        test.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteInvitationTests() : InvitationTests(StoreKind.Sqlite);

public sealed class PostgresInvitationTests() : InvitationTests(StoreKind.Postgres);
