using Dapper;

namespace Attune.Store.Tests;

public abstract class DecisionTests : IDisposable
{
    static readonly ProjectSettings NoChecks = new() { CheckEvery = 0 };

    readonly TestStore test;
    readonly Person ann;

    protected DecisionTests(StoreKind kind)
    {
        test = new(kind);
        ann = test.Person("Ann");
    }

    [Fact]
    public void ASubmissionThatManySendAtOnceCountsOnce()
    {
        var project = test.Project(NoChecks, items: 1);
        var showing = test.Next(project, ann);
        var saved = new SavedAnnotation?[16];
        Parallel.For(0, saved.Length, new() { MaxDegreeOfParallelism = saved.Length },
            i => saved[i] = test.Prefer(project, ann, showing, 0));
        Assert.Single(saved.Select(each => each!.Annotation.Id).Distinct());
        Assert.Equal(1, test.Store.Items.Find(project.Id, showing.Item)!.Decided);
        Assert.Equal(1, test.Ask<long>("SELECT count(*) FROM audit WHERE action = 'decided'"));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void ATokenIsGoodForItsPersonAndItsProjectAlone()
    {
        var (project, other) = (test.Project(NoChecks with { Overlap = 2 }, items: 1), test.Project(NoChecks, items: 1));
        var showing = test.Next(project, ann);
        Assert.Null(test.Prefer(project, test.Person("Bob"), showing, 0));
        Assert.Null(test.Prefer(other, ann, showing, 0));
        Assert.NotNull(test.Prefer(project, ann, showing, 0));
        Assert.Null(test.Prefer(project, test.Person("Bob"), showing, 0));
    }

    [Fact]
    public void WhatFailsLeavesNothingBehindAndStopsNobodyElse()
    {
        var project = test.Project(NoChecks, items: 40);
        var showings = test.Store.Queue.Next(project, ann.Id, 40).Items;
        Parallel.ForEach(showings, new ParallelOptions { MaxDegreeOfParallelism = 8 }, showing =>
        {
            if (showing.Item % 2 == 0)
                Assert.Throws<InvalidDataException>(() => test.Submit(project, ann, showing, new() { Ranks = [0] }));
            else
                Assert.NotNull(test.Prefer(project, ann, showing, 0));
        });
        Assert.Equal(20, test.Store.Annotations.CountOf(project.Id, ann.Id));
        Assert.Equal(20, test.Store.Queue.Next(project, ann.Id, 0).Items.Count);
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void TimeSpentIsNoMoreThanTimePassed()
    {
        var project = test.Project(NoChecks, items: 3);
        Assert.Equal(30, Seconds(100));
        Assert.Equal(0, Seconds(-5));
        Assert.Equal(0, Seconds(double.NaN));

        double Seconds(double said)
        {
            var showing = test.Next(project, ann);
            test.Time.Pass(TimeSpan.FromSeconds(30));
            return test.Store.Annotations.Submit(project, ann.Id, new(showing.Token, new() { Ranks = [0, 1] }, said))!.Annotation.Seconds;
        }
    }

    [Fact]
    public void UndoGivesTheShowingBackWithWhatWasSaidAndGoesFurtherBackEachTime()
    {
        var project = test.Project(NoChecks with { Order = ItemOrder.Random }, items: 4);
        var made = Enumerable.Range(0, 3).Select(i =>
            test.Next(project, ann) is var showing && test.Prefer(project, ann, showing, i % 2) is not null ? showing : null!).ToList();
        var held = test.Next(project, ann);
        for (var back = 2; back >= 0; back--)
        {
            var was = test.Undo(project, ann)!;
            Assert.Equal(made[back].Item, was.Item);
            Assert.Equal(back % 2 == 0 ? [0, 1] : [1, 0], was.Result.Ranks);
            var again = test.Next(project, ann);
            Assert.Equal(made[back].Item, again.Item);
            Assert.Equal(made[back].Shown, again.Shown);
            Assert.NotEqual(made[back].Token, again.Token);
            Assert.Null(test.Prefer(project, ann, made[back], 0));      // an old page cannot submit a withdrawn decision again
        }
        Assert.Null(test.Undo(project, ann));
        Assert.Equal([.. made.Select(showing => showing.Item), held.Item],
            test.Store.Queue.Next(project, ann.Id, 1).Items.Select(showing => showing.Item));
        Assert.Equal(new Progress(4, 0, 0, 4), test.Store.Projects.Progress(project.Id));
        test.Prefer(project, ann, test.Next(project, ann), 0);
        Assert.Equal(made[1].Item, test.Next(project, ann).Item);
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void AnUndoneSkipFillsItsPlaceAgain()
    {
        var project = test.Project(NoChecks, items: 1);
        test.Submit(project, ann, test.Next(project, ann), new() { Outcome = Outcome.Skipped });
        Assert.Equal(Outcome.Skipped, test.Undo(project, ann)!.Result.Outcome);
        Assert.Empty(test.Prompts(project, test.Person("Bob")));
        Assert.Equal(["0"], test.Prompts(project, ann));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void AnEditIsOfARevisionAndCountsOnce()
    {
        var project = test.Project(NoChecks, items: 1);
        var showing = test.Next(project, ann);
        var id = test.Prefer(project, ann, showing, 0)!.Annotation.Id;
        var tie = new AnnotationResult { Ranks = [0, 0] };
        Assert.Equal(2, test.Store.Annotations.Edit(project, ann.Id, id, 1, tie)!.Annotation.Revision);
        Assert.Equal(2, test.Store.Annotations.Edit(project, ann.Id, id, 1, tie)!.Annotation.Revision);          // sent twice
        Assert.True(test.Store.Annotations.Edit(project, ann.Id, id, 1, new() { Ranks = [0, 1] })!.Differs);    // an old page
        Assert.Null(test.Store.Annotations.Edit(project, test.Owner.Id, id, 2, tie));                           // of another person
        Assert.Equal([0, 0], test.Store.Annotations.Find(project.Id, id)!.Result.Ranks);
        Assert.Equal(1, test.Ask<long>("SELECT count(*) FROM audit WHERE action = 'edited'"));

        test.Store.Annotations.Edit(project, ann.Id, id, 2, new() { Outcome = Outcome.Skipped });
        Assert.Equal(new Progress(1, 0, 0, 1), test.Store.Projects.Progress(project.Id));
        Assert.Equal(["0"], test.Prompts(project, test.Person("Bob")));
        test.Store.Annotations.Edit(project, ann.Id, id, 3, new() { Ranks = [0, 1] });
        Assert.Equal(new Progress(1, 1, 1, 1), test.Store.Projects.Progress(project.Id));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Submit_SameTokenWithAnotherDecision_SaysWhatIsKept()
    {
        var project = test.Project(NoChecks, items: 1);
        var showing = test.Next(project, ann);
        Assert.False(test.Prefer(project, ann, showing, 0)!.Differs);
        Assert.False(test.Prefer(project, ann, showing, 0)!.Differs);                // sent again
        var other = test.Prefer(project, ann, showing, 1)!;
        Assert.True(other.Differs);
        Assert.Equal([0, 1], other.Annotation.Result.Ranks);
        Assert.True(test.Submit(project, ann, showing, new() { Ranks = [0] })!.Differs);
        Assert.True(test.Submit(project, ann, showing, new())!.Differs);
    }

    [Fact]
    public void Submit_ClockWasSetBack_IsSavedWithoutTime()
    {
        foreach (var back in new[] { TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(3650) })
        {
            var project = test.Project(NoChecks, items: 1);
            var showing = test.Next(project, ann);
            test.Time.Pass(-back);
            Assert.Equal(0, test.Prefer(project, ann, showing, 0)!.Annotation.Seconds);
            Assert.Equal(showing.Item, test.Undo(project, ann)!.Item);
        }
    }

    [Fact]
    public void Undo_SameDecisionTwice_WithdrawsOne()
    {
        var project = test.Project(NoChecks, items: 3);
        var ids = Enumerable.Range(0, 3).Select(_ => test.Prefer(project, ann, test.Next(project, ann), 0)!.Annotation.Id).ToList();
        var undone = new WithdrawnAnnotation?[8];
        Parallel.For(0, undone.Length, new() { MaxDegreeOfParallelism = undone.Length },
            i => undone[i] = test.Store.Annotations.Undo(project, ann.Id, ids[2]));
        Assert.Single(undone.Select(each => each!.Item.Token).Distinct());
        Assert.Equal(2, test.Store.Annotations.CountOf(project.Id, ann.Id));
        Assert.Equal(undone[0]!.Item.Token, test.Next(project, ann).Token);
        var again = test.Prefer(project, ann, undone[0]!.Item, 1)!;
        Assert.Null(test.Store.Annotations.Undo(project, ann.Id, ids[2]));           // it was decided again
        Assert.Equal(again.Annotation.Id, test.Store.Annotations.Last(project.Id, ann.Id));
        Assert.Null(test.Store.Annotations.Undo(project, test.Person("Bob").Id, ids[0]));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Undo_ArchivedProject_IsRefusedAndNothingChanges()
    {
        var project = test.Project(NoChecks, items: 1);
        var id = test.Prefer(project, ann, test.Next(project, ann), 0)!.Annotation.Id;
        test.Store.Projects.Archive(project.Id, archived: true, test.Owner.Id);
        Assert.Throws<InvalidDataException>(() => test.Store.Annotations.Undo(test.Store.Projects.Get(project.Id), ann.Id, id));
        Assert.Equal(1, test.Store.Annotations.CountOf(project.Id, ann.Id));
    }

    [Fact]
    public void Decide_AfterAnUndo_GetsAnIdThatWasNeverUsed()
    {
        var project = test.Project(NoChecks, items: 2);
        var first = test.Prefer(project, ann, test.Next(project, ann), 0)!.Annotation.Id;
        test.Undo(project, ann);
        var bob = test.Prefer(project, test.Person("Bob"), test.Next(project, test.Person("Bob")), 0)!.Annotation.Id;
        Assert.True(bob > first);
        Assert.Null(test.Store.Annotations.Edit(project, ann.Id, first, 1, new() { Outcome = Outcome.AllBad }));
    }

    /// <summary>Random concurrent work by many people; then all counts are computed again.</summary>
    [Fact]
    public void WhateverManyDoAtOnceTheCountsEqualARecount()
    {
        var project = test.Project(NoChecks with { Overlap = 3, OverlapShare = 0.5, CheckEvery = 5, LeaseMinutes = 10 }, items: 60);
        test.Add(project, [.. Enumerable.Range(0, 5).Select(i => TestStore.Pair($"check {i}", ItemKind.Check, [0, 1]))]);
        var people = Enumerable.Range(0, 10).Select(i => test.Person($"person {i}")).ToList();
        var confirmed = new Dictionary<string, long>[people.Count];
        Parallel.For(0, people.Count, new() { MaxDegreeOfParallelism = people.Count },
            i => confirmed[i] = Work(project, people[i], new Random(i), 120));
        test.AssertCountsEqualARecount();
        var stored = confirmed.Sum(each => each.Count);
        Assert.Equal(stored, test.Ask<long>("SELECT count(*) FROM decision"));
        Assert.Equal(stored,
            test.Ask<long>("SELECT count(*) FILTER (WHERE action = 'decided') - count(*) FILTER (WHERE action = 'withdrew') FROM audit"));
        using var connection = test.Connect();
        var tokens = connection.Query<(long Id, string Token)>("SELECT id, token FROM decision")
            .ToDictionary(row => row.Id, row => row.Token);
        foreach (var (token, id) in confirmed.SelectMany(each => each))
            Assert.Equal(token, tokens[id]);
    }

    /// <returns>The decisions that were confirmed and not withdrawn, by token.</returns>
    Dictionary<string, long> Work(Project project, Person person, Random random, int operations)
    {
        var made = new Dictionary<string, long>();
        for (var i = 0; i < operations; i++)
        {
            switch (random.Next(12))
            {
                case 0 when test.Undo(project, person) is { } undone:
                    made.Remove(made.Single(each => each.Value == undone.Id).Key);
                    break;
                case 1 when test.Store.Annotations.Recent(project.Id, person.Id, 1) is [var last]:
                    test.Store.Annotations.Edit(project, person.Id, last.Id, last.Revision, Verdict(random));
                    break;
                case 2:
                    test.Time.Pass(TimeSpan.FromMinutes(random.Next(8)));
                    break;
                case 3 when person.Name == "person 0":
                    test.Change(project, project.Settings with { Overlap = random.Next(1, 5), Order = (ItemOrder)random.Next(3) });
                    break;
                case 4 when person.Name == "person 1":
                    test.Add(project, TestStore.Pair($"more {i}"));
                    break;
                default:
                    foreach (var showing in test.Store.Queue.Next(project, person.Id, random.Next(1, 4)).Items.Take(random.Next(3)))
                        made[showing.Token] = test.Submit(project, person, showing, Verdict(random))!.Annotation.Id;
                    break;
            }
        }
        return made;
    }

    static AnnotationResult Verdict(Random random) => random.Next(4) switch
    {
        0 => new() { Outcome = Outcome.Skipped },
        1 => new() { Outcome = Outcome.AllBad },
        _ => new() { Ranks = [0, random.Next(2)] },
    };

    public void Dispose()
    {
        test.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteDecisionTests() : DecisionTests(StoreKind.Sqlite);

public sealed class PostgresDecisionTests() : DecisionTests(StoreKind.Postgres);
