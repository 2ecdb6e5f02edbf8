namespace Attune.Store.Tests;

public sealed class NormingTests : IDisposable
{
    static readonly ProjectSettings NoChecks = new() { CheckEvery = 0, LeaseMinutes = 10 };

    readonly TestStore test = new();
    readonly Person ann;
    readonly Person bob;
    readonly Person cleo;

    public NormingTests() => (ann, bob, cleo) = (test.Person("Ann"), test.Person("Bob"), test.Person("Cleo"));

    Normings Normings => test.Store.Normings;

    [Fact]
    public void Start_ItemsComeFirstForEverybodyWhoTakesPartAndForThemOnly()
    {
        var project = test.Project(NoChecks, items: 10);
        var items = test.Store.Items.Page(project.Id, 0, 10).Skip(7).Select(item => item.Id).ToList();
        Normings.Start(project, test.Owner.Id, "First week", [ann.Id, bob.Id], items);
        Assert.Equal(["7", "8", "9"], test.Prompts(project, ann, 3));
        test.Time.Pass(TimeSpan.FromMinutes(11));
        Assert.Equal(["7", "8", "9"], test.Prompts(project, bob, 3));
        Assert.Equal(["0"], test.Prompts(project, cleo));
        Assert.Equal(["7", "8", "9", "1"], test.Prompts(project, ann, 4));        // expired, and held by Bob
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Submit_LastDecisionOfASession_ClosesItAndKeepsTheBlindDecisions()
    {
        var project = test.Project(NoChecks, items: 3);
        var session = Normings.Start(project, test.Owner.Id, "First week", [ann.Id, bob.Id],
            [.. test.Store.Items.Page(project.Id, 0, 2).Select(item => item.Id)]);
        var first = Decide(project, ann, 0);
        Decide(project, ann, 0);
        Decide(project, bob, 0);
        Assert.Empty(Normings.Before(session));
        Assert.Equal([2, 1], Normings.Find(project.Id, session)!.People.OrderBy(person => person.Key).Select(person => person.Value));
        test.Submit(project, bob, test.Next(project, bob), new() { Outcome = Outcome.Skipped });
        Assert.True(Normings.Find(project.Id, session)!.IsClosed);
        Assert.Equal(["2"], test.Prompts(project, ann, 5).Except(test.Prompts(project, bob, 0)));
        test.Store.Annotations.Edit(project, ann.Id, first.Id, 1, new() { Ranks = [0, 0] });
        Assert.Equal(first.Result.Ranks, Normings.Before(session).Single(Same).Result.Ranks);
        Assert.Equal([0, 0], Normings.Now(session).Single(Same).Result.Ranks!);
        Assert.Equal(4, Normings.Before(session).Count);
        test.AssertCountsEqualARecount();

        bool Same(Annotation decision) => (decision.Item, decision.Person) == (first.Item, ann.Id);
    }

    [Fact]
    public void Draw_ItemsOfAnOpenSession_AreLeftOut()
    {
        var project = test.Project(NoChecks, items: 5);
        var session = Normings.Start(project, test.Owner.Id, "One", [ann.Id, bob.Id], Normings.Draw(project.Id, 3));
        Assert.Empty(Normings.Draw(project.Id, 5).Intersect(Normings.Find(project.Id, session)!.Items));
        Normings.Start(project, test.Owner.Id, "Two", [ann.Id, bob.Id], Normings.Draw(project.Id, 5));
        Assert.Empty(Normings.Draw(project.Id, 5));
    }

    [Fact]
    public void Reject_DecisionOfAnOpenSessionToAnotherPerson_CountsAsDecidedAndDoesNotComeBack()
    {
        var project = test.Project(NoChecks, items: 2);
        var session = Normings.Start(project, test.Owner.Id, "One", [ann.Id, bob.Id], Normings.Draw(project.Id, 2));
        var decision = Decide(project, ann, 0);
        test.Store.Reviews.Reject(project, test.Owner.Id, decision.Id, 1, seen: 0, SentTo.OtherPerson, "No.");
        Assert.NotEqual(decision.Item, Decide(project, ann, 0).Item);
        Assert.Empty(test.Prompts(project, ann));
        Decide(project, bob, 0);
        Assert.False(Normings.Find(project.Id, session)!.IsClosed);
        Decide(project, bob, 0);
        Assert.True(Normings.Find(project.Id, session)!.IsClosed);
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Submit_ByManyAtOnce_ClosesTheSessionOnce()
    {
        var project = test.Project(NoChecks, items: 8);
        var people = Enumerable.Range(0, 8).Select(i => test.Person($"person {i}")).ToList();
        var session = Normings.Start(project, test.Owner.Id, "All", [.. people.Select(person => person.Id)], Normings.Draw(project.Id, 8));
        Parallel.ForEach(people, new() { MaxDegreeOfParallelism = 8 }, person =>
        {
            foreach (var showing in test.Store.Queue.Next(project, person.Id, 8).Items)
                test.Prefer(project, person, showing, 0);
            Normings.Close(project.Id, session, person.Id);
        });
        Assert.Single(test.Store.Audit.Newest(project.Id, count: 200), entry => entry.Action == "norming session closed");
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Start_TooFewPeopleOrItemsThatAreNone_IsRefused()
    {
        var project = test.Project(NoChecks, items: 2);
        test.Add(project, TestStore.Pair("check", ItemKind.Check, [0, 1]));
        var all = test.Store.Items.Page(project.Id, 0, 10).Select(item => item.Id).ToList();
        Refused("two people or more", [ann.Id], [all[0]]);
        Refused("1 to 200 items", [ann.Id, bob.Id], []);
        Refused($"no ordinary item {all[2]}", [ann.Id, bob.Id], all);
        var session = Normings.Start(project, test.Owner.Id, "One", [ann.Id, bob.Id], [all[0]]);
        Refused("another open norming session", [ann.Id, bob.Id], [all[0]]);
        Assert.Throws<InvalidDataException>(() => Normings.AddNote(project.Id, session, all[0], ann.Id, "Before it is closed."));
        Normings.Close(project.Id, session, test.Owner.Id);
        Normings.AddNote(project.Id, session, all[0], ann.Id, " A is a guess. ");
        Assert.Equal("A is a guess.", Assert.Single(Normings.Notes(session)).Text);

        void Refused(string message, IReadOnlyCollection<long> people, IReadOnlyCollection<long> items) => Assert.Contains(message,
            Assert.Throws<InvalidDataException>(() => Normings.Start(project, test.Owner.Id, "One", people, items)).Message);
    }

    Annotation Decide(Project project, Person person, int place) =>
        test.Prefer(project, person, test.Next(project, person), place)!.Annotation;

    public void Dispose() => test.Dispose();
}
