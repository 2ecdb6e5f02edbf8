using System.Data.Common;
using Dapper;

namespace Attune.Store.Tests;

public abstract class DatabaseTests(StoreKind kind) : IDisposable
{
    readonly TestStore test = new(kind);

    [Fact]
    public void TheAuditTrailTakesNothingBack()
    {
        var replace = kind == StoreKind.Sqlite ? "INSERT OR REPLACE INTO audit (id, at, action, subject) VALUES (1, 0, 'x', 'x')"
            : "TRUNCATE audit";
        foreach (var sql in new[] { "UPDATE audit SET action = 'x'", "DELETE FROM audit", replace })
            Assert.Contains("append-only", Assert.ThrowsAny<DbException>(() => test.Ask<long>(sql)).Message);
    }

    [Fact]
    public void EverythingThatIsChangedIsInTheAuditTrail()
    {
        var project = test.Project(new() { CheckEvery = 0 }, items: 1);
        var ann = test.Person("Ann");
        test.Store.Projects.SetMembers(project.Id, [ann.Id], test.Owner.Id);
        test.Change(project, project.Settings with { Overlap = 2 });
        test.Store.People.NewLink(ann.Id, test.Owner.Id);
        var id = test.Prefer(project, ann, test.Next(project, ann), 0)!.Annotation.Id;
        test.Store.Annotations.Edit(project, ann.Id, id, 1, new() { Ranks = [0, 0] });
        test.Undo(project, ann);
        test.Store.Projects.Archive(project.Id, true, test.Owner.Id);
        Assert.Equal(
            ["person added", "project made", "items added", "person added", "members set", "settings changed", "link made", "decided",
                "edited", "withdrew", "archived"],
            test.Store.Audit.Newest(null).Reverse().Select(entry => entry.Action));
        Assert.Equal(["Ann", "Ann", "Ann"], test.Store.Audit.Newest(project.Id).Reverse().Skip(4).Take(3).Select(entry => entry.Person));
    }

    /// <summary>Starts a change that waits: those that follow are one group.</summary>
    private protected static Task<bool> Block(Database database, ManualResetEventSlim go)
    {
        var started = new ManualResetEventSlim();
        var first = database.WriteAsync(_ =>
        {
            started.Set();
            return go.Wait(TimeSpan.FromSeconds(30));
        });
        started.Wait();
        return first;
    }

    [Fact]
    public async Task WriteAsync_OneOfAGroupFails_OthersAreKept()
    {
        using var database = Database.Open(test.Path);
        using var go = new ManualResetEventSlim();
        var first = Block(database, go);
        var group = Enumerable.Range(0, 5).Select(i => database.WriteAsync(connection =>
        {
            connection.Execute("INSERT INTO ended_session (id, until) VALUES (@i, 0)", new { i });
            return i == 2 ? throw new InvalidDataException("no") : i;
        })).ToList();
        go.Set();
        await first;
        Assert.Equal("no", (await Assert.ThrowsAsync<InvalidDataException>(() => group[2])).Message);
        foreach (var i in new[] { 0, 1, 3, 4 })
            Assert.Equal(i, await group[i]);
        Assert.Equal("0 1 3 4", database.Read(connection =>
            connection.ExecuteScalar<string>("SELECT string_agg(id, ' ' ORDER BY id) FROM ended_session")));
    }

    [Theory]
    [InlineData("Ona\uFE0F")]
    [InlineData("O\u034Fna")]
    [InlineData("Ona\u3164")]
    [InlineData("Ona\u115F")]
    [InlineData("Ona\u2800x")]
    [InlineData("Ona\u200D")]
    [InlineData("O\u200Cna")]
    [InlineData("Ona\uFFA0")]
    [InlineData("ONA")]
    [InlineData("Оnа")]           // with Cyrillic О and а
    [InlineData("Ｏｎａ")]
    public void Add_NameThatReadsLikeAnother_IsRefused(string name)
    {
        test.Store.People.Add("Ona", Role.Annotator);
        Assert.Throws<InvalidDataException>(() => test.Store.People.Add(name, Role.Annotator));
    }

    [Fact]
    public void Add_NameInOtherCase_IsTheSame()
    {
        var ona = test.Store.People.Add("Óna  Maria", Role.Annotator);
        Assert.Throws<InvalidDataException>(() => test.Store.People.Add("ÓNA MARIA", Role.Annotator));
        Assert.Equal(ona.Id, test.Store.People.Find("óna  maria")!.Id);
        Assert.Null(test.Store.People.Find("ona  maria"));
        foreach (var name in new[] { "Ana", "Ona", "Анна", "می‌خواهم", "क्‍ष" })
            test.Store.People.Add(name, Role.Annotator);
    }

    [Fact]
    public void NamesAreComposedAndHideNothing()
    {
        var name = test.Person(" Zoe\u0308 🦜 ").Name;
        Assert.Equal("Zo\u00EB 🦜", name);
        Assert.Equal(name, test.Store.People.Find("Zoe\u0308 🦜")!.Name);
        Assert.Throws<InvalidDataException>(() => test.Store.People.Add("ZO\u00EB 🦜".Replace('O', 'o'), Role.Annotator));
        foreach (var hidden in new[] { "a\u202Eb", "a\0b", "a\nb", "a\u200Bb", "\u2066a", "a\uD83E", "", " ", new string('x', 81) })
        {
            Assert.Throws<InvalidDataException>(() => test.Store.People.Add(hidden, Role.Annotator));
            Assert.Null(test.Store.People.Find(hidden));
        }
        Assert.Throws<InvalidDataException>(() => test.Store.Projects.Add("a\u202Eb", new(), test.Owner.Id));
        Assert.Equal("می\u200Cخواهم", test.Person("می\u200Cخواهم").Name);
    }

    [Theory]
    [InlineData("imported")]
    [InlineData("IMPORTED")]
    [InlineData("you")]
    public void Name_OfASpecialPerson_CannotBeChosen(string name)
    {
        var eve = test.Person("Eve");
        Assert.Contains("reserved", Assert.Throws<InvalidDataException>(() => test.Store.People.Rename(eve.Id, name)).Message);
        Assert.Contains("reserved", Assert.Throws<InvalidDataException>(() => test.Store.People.Add(name, Role.Owner)).Message);
    }

    [Fact]
    public void SpecialPeople_AreFoundByTheirMark()
    {
        var you = test.Store.People.Local();
        test.Store.People.Rename(you.Id, "Zoe");
        Assert.Equal(("Zoe", you.Id), (test.Store.People.Local().Name, test.Store.People.Local().Id));
        var imported = test.Store.People.Imported(you.Id);
        Assert.True(imported.Disabled);
        Assert.Throws<InvalidDataException>(() => test.Store.People.NewLink(imported.Id));
        Assert.Throws<InvalidDataException>(() => test.Store.People.Disable(imported.Id, disabled: false, you.Id));
    }

    [Fact]
    public void Account_SetToWhatItIs_KeepsItsSessions()
    {
        var ann = test.Person("Ann");
        test.Store.People.SetRole(ann.Id, Role.Annotator, test.Owner.Id);
        test.Store.People.Disable(ann.Id, disabled: false, test.Owner.Id);
        Assert.Equal(ann.Session, test.Store.People.Find(ann.Id)!.Session);
        test.Store.People.SetRole(ann.Id, Role.Reviewer, test.Owner.Id);
        Assert.NotEqual(ann.Session, test.Store.People.Find(ann.Id)!.Session);
        Assert.Throws<InvalidDataException>(() => test.Store.People.SetRole(999, Role.Owner, test.Owner.Id));
        Assert.Throws<InvalidDataException>(() => test.Store.People.SetRole(ann.Id, (Role)7, test.Owner.Id));
    }

    [Fact]
    public void Settings_TaskOrScaleAfterTheFirstDecision_StaysAsItIs()
    {
        var project = test.Project(new() { CheckEvery = 0, StrengthLevels = 7 }, items: 2);
        project = test.Change(project, project.Settings with { StrengthLevels = 9, RatingLevels = 5, Task = TaskKind.Ranking });
        project = test.Change(project, project.Settings with { Task = TaskKind.Pairwise, StrengthLevels = 0 });
        test.Prefer(project, test.Person("Ann"), test.Next(project, test.Person("Ann")), 0);
        foreach (var changed in new[] { project.Settings with { Task = TaskKind.Ranking }, project.Settings with { StrengthLevels = 7 },
            project.Settings with { RatingLevels = 7 } })
            Assert.Contains("has decisions", Assert.Throws<InvalidDataException>(() => test.Change(project, changed)).Message);
        Assert.False(test.Change(project, project.Settings with { Ties = false, Guidelines = "kind" }).Settings.Ties);
    }

    [Fact]
    public void Settings_TaskThatItemsDoNotFit_IsRefused()
    {
        var project = test.Project(new() { Task = TaskKind.Ranking }, items: 1);
        test.Add(project, TestStore.Pair("three") with { Answers = [new("a"), new("b"), new("c")] });
        var error = Assert.Throws<InvalidDataException>(() => test.Change(project, new()));
        Assert.Contains("1 items of this project do not have the 2 answers", error.Message);
    }

    [Fact]
    public void Settings_OfAnOldPage_DoNotReplaceNewerOnes()
    {
        var project = test.Project(new(), items: 1);
        test.Store.Projects.Change(project.Id, "one", project.Settings, test.Owner.Id, project.Revision);
        Assert.Contains("in another window", Assert.Throws<InvalidDataException>(() =>
            test.Store.Projects.Change(project.Id, "two", project.Settings, test.Owner.Id, project.Revision)).Message);
        Assert.Throws<InvalidDataException>(() => test.Store.Projects.SetMembers(project.Id, [], test.Owner.Id, project.Revision));
        Assert.Equal("one", test.Store.Projects.Get(project.Id).Name);
        test.Store.Projects.SetMembers(project.Id, [], test.Owner.Id, project.Revision + 1);
    }

    [Fact]
    public void Open_ArrangingItemsWasInterrupted_ItIsFinished()
    {
        var project = test.Project(new() { CheckEvery = 0 }, items: 5);
        test.Store.Dispose();
        using (var connection = test.Connect())
            connection.Execute("UPDATE project SET unarranged = 2; UPDATE item SET position = -id, wanted = 3");
        using var store = PreferenceStore.Open(test.Path, test.Time);
        Assert.Equal([1, 2, 3, 4, 5], store.Queue.Next(project, test.Owner.Id, 5).Items.Select(item => item.Item));
        Assert.Equal(5, store.Projects.Progress(project.Id).Wanted);
        Assert.Equal(0, test.Ask<long>("SELECT unarranged FROM project"));
    }

    [Fact]
    public void Job_FinishedTwice_AddsItsItemsOnce()
    {
        var project = test.Project(new(), items: 0);
        var job = test.Store.Jobs.Add(new() { Project = project.Id, Kind = JobKind.Sample, Title = "x", Commands = [["x"], ["y"]],
            Person = test.Owner.Id });
        Assert.True(test.Store.Jobs.Begin(job.Id, 0));
        Assert.True(test.Store.Jobs.Begin(job.Id, 1));
        Assert.False(test.Store.Jobs.Begin(job.Id, 0));        // by a second studio that is behind
        var finished = new bool[8];
        Parallel.For(0, finished.Length, new() { MaxDegreeOfParallelism = finished.Length },
            i => finished[i] = test.Store.Jobs.Finish(job.Id, "2 items added", [TestStore.Pair("a"), TestStore.Pair("b")]));
        Assert.Single(finished, each => each);
        Assert.Equal(2, test.Store.Projects.Progress(project.Id).Items);
        Assert.False(test.Store.Jobs.Finish(job.Id, 1, "failed"));
        Assert.False(test.Store.Jobs.Begin(job.Id, 1));
        Assert.Equal(0, test.Store.Jobs.Find(job.Id)!.ExitCode);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => test.Dispose();
}

public sealed class PostgresDatabaseTests() : DatabaseTests(StoreKind.Postgres);
