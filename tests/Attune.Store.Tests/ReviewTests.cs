namespace Attune.Store.Tests;

public sealed class ReviewTests : IDisposable
{
    static readonly ProjectSettings NoChecks = new() { CheckEvery = 0 };
    static readonly ReviewFilter All = new();

    readonly TestStore test = new();
    readonly Person ann;
    readonly Person bob;
    readonly Person rita;

    public ReviewTests() => (ann, bob, rita) = (test.Person("Ann"), test.Person("Bob"), test.Person("Rita"));

    Reviews Reviews => test.Store.Reviews;

    [Fact]
    public void Accept_DecisionEditedLater_IsUnreviewedAgain()
    {
        var project = test.Project(NoChecks, items: 2);
        var (first, second) = (Decide(project, ann), Decide(project, ann));
        Reviews.Accept(project, rita.Id, first.Id, 1, seen: 0);
        Assert.Equal(second.Id, Assert.Single(Reviews.Unreviewed(project.Id, All)).Id);
        test.Store.Annotations.Edit(project, ann.Id, first.Id, 1, new() { Ranks = [0, 0] });
        Assert.Equal([first.Id, second.Id], Reviews.Unreviewed(project.Id, All).Select(decision => decision.Id));
        var stale = Assert.Throws<InvalidDataException>(() => Reviews.Accept(project, rita.Id, first.Id, 1, seen: 0));
        Assert.Contains("changed or withdrawn in the meantime", stale.Message);
    }

    [Fact]
    public void Reject_ToTheSamePerson_IsTheirNextItemAndNobodyElses()
    {
        var project = test.Project(NoChecks with { LeaseMinutes = 10 }, items: 3);
        var decision = Decide(project, ann);
        var held = test.Next(project, ann);
        Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.SamePerson, "A does not answer the question.");
        test.AssertCountsEqualARecount();
        Assert.Equal(new Progress(3, 0, 0, 3), test.Store.Projects.Progress(project.Id));
        test.Time.Pass(TimeSpan.FromDays(30));                            // it does not expire, other than the item that Ann held
        Assert.Equal(["1", "2"], test.Prompts(project, bob, 3));
        var again = test.Next(project, ann);
        Assert.Equal((decision.Item, "A does not answer the question."), (again.Item, again.Returned!.Reason));
        Assert.Equal(decision.Shown, again.Shown);
        Assert.Equal(decision.Result.Ranks, again.Returned.Decision.Result.Ranks);
        Assert.NotEqual(held.Item, again.Item);
        Assert.Equal(decision.Item, Assert.Single(Reviews.Waiting(project.Id)).Item);
        test.Prefer(project, ann, again, 1);
        Assert.Empty(Reviews.Waiting(project.Id));
        Assert.Single(Reviews.Unreviewed(project.Id, All));
        Assert.Equal("A does not answer the question.", Assert.Single(Reviews.Feedback(project.Id, ann.Id, 10)).Reason);
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Reject_ToAnotherPerson_NeverComesBackToTheFirst()
    {
        var project = test.Project(NoChecks, items: 1);
        Assert.Empty(test.Prompts(project, bob).Skip(1));
        var showing = test.Next(project, bob);
        var decision = test.Prefer(project, bob, showing, 0)!.Annotation;
        Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.OtherPerson, "Read the guidelines.");
        test.AssertCountsEqualARecount();
        Assert.Empty(test.Prompts(project, bob));
        Assert.Equal(["0"], test.Prompts(project, ann));
        test.Prefer(project, ann, test.Next(project, ann), 1);
        Assert.Equal(new Progress(1, 1, 1, 1), test.Store.Projects.Progress(project.Id));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Reject_AndDiscard_LeavesTheItemWithOneDecisionLessForGood()
    {
        var project = test.Project(NoChecks with { Overlap = 2 }, items: 1);
        var decision = Decide(project, ann);
        Decide(project, bob);
        Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.Nobody, "A guess.");
        Assert.Equal(new Progress(1, 1, 1, 1), test.Store.Projects.Progress(project.Id));
        Assert.Empty(test.Prompts(project, test.Person("Cleo")));
        project = test.Change(project, project.Settings with { Order = ItemOrder.Random });        // computes what is wanted again
        Assert.Equal(new Progress(1, 1, 1, 1), test.Store.Projects.Progress(project.Id));
        project = test.Change(project, project.Settings with { Overlap = 3 });
        Assert.Equal(["0"], test.Prompts(project, test.Person("Cleo")));
        Assert.Empty(test.Prompts(project, ann));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Reject_ItemWithADecisionTooMany_DiscardingItKeepsWhatIsWanted()
    {
        var project = test.Project(NoChecks with { LeaseMinutes = 10 }, items: 1);
        var late = test.Next(project, ann);
        test.Time.Pass(TimeSpan.FromMinutes(11));
        Decide(project, bob);
        var extra = test.Prefer(project, ann, late, 0)!.Annotation;
        Reviews.Reject(project, rita.Id, extra.Id, 1, seen: 0, SentTo.Nobody, "Late.");
        Assert.Equal(new Progress(1, 1, 1, 1), test.Store.Projects.Progress(project.Id));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Reject_ByManyAtOnce_HappensOnceAndTheTrailKeepsTheDecision()
    {
        var project = test.Project(NoChecks, items: 1);
        var decision = Decide(project, ann);
        var refused = 0;
        Parallel.For(0, 16, new() { MaxDegreeOfParallelism = 16 }, i =>
        {
            try
            {
                if (i % 2 == 0)
                    Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.SamePerson, "No.");
                else
                    Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.Nobody, "No.");
            }
            catch (InvalidDataException)
            {
                Interlocked.Increment(ref refused);
            }
        });
        Assert.Equal(15, refused);
        var entry = Assert.Single(test.Store.Audit.Newest(project.Id), entry => entry.Action == "rejected");
        Assert.Contains($"\"ranks\":[{string.Join(',', decision.Result.Ranks!)}]", entry.Details);
        Assert.Contains("\"reason\":\"No.\"", entry.Details);
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Reject_WhileTheDecisionIsEditedOrUndone_OneOfThemWins()
    {
        var project = test.Project(NoChecks, items: 40);
        var decisions = Enumerable.Range(0, 40).Select(_ => Decide(project, ann)).ToList();
        Parallel.ForEach(decisions, new() { MaxDegreeOfParallelism = 8 }, decision => Parallel.Invoke(
            () =>
            {
                try
                {
                    Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, (SentTo)(decision.Id % 3), "No.");
                }
                catch (InvalidDataException)
                {
                }
            },
            () => _ = decision.Id % 2 == 0 ? test.Store.Annotations.Edit(project, ann.Id, decision.Id, 1, new() { Ranks = [0, 0] })
                : (object?)test.Store.Annotations.Undo(project, ann.Id, decision.Id)));
        test.AssertCountsEqualARecount();
        Assert.Equal(40, test.Store.Annotations.CountOf(project.Id, ann.Id) + test.Ask<long>("SELECT count(*) FROM lease")
            + test.Ask<long>("SELECT count(*) FROM review WHERE sent_to <> 'SamePerson'"));
    }

    [Fact]
    public void PassOn_ItemThatWasSentBack_GoesToAnotherPersonOnce()
    {
        var project = test.Project(NoChecks, items: 1);
        Reviews.Reject(project, rita.Id, Decide(project, ann).Id, 1, seen: 0, SentTo.SamePerson, "No.");
        Assert.Empty(test.Prompts(project, bob));
        var review = Reviews.Waiting(project.Id).Single().Id;
        Reviews.PassOn(project.Id, rita.Id, review);
        Assert.Throws<InvalidDataException>(() => Reviews.PassOn(project.Id, rita.Id, review));
        Assert.Empty(test.Prompts(project, ann));
        Assert.Equal(["0"], test.Prompts(project, bob));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Reject_PersonWhoCannotSignIn_IsNotSentBackToThem()
    {
        var project = test.Project(NoChecks, items: 1);
        var decision = Decide(project, ann);
        test.Store.People.Disable(ann.Id, disabled: true, test.Owner.Id);
        Assert.Contains("cannot sign in", Assert.Throws<InvalidDataException>(
            () => Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.SamePerson, "No.")).Message);
        Assert.Equal(1, test.Store.Projects.Progress(project.Id).Decisions);
        Assert.Throws<InvalidDataException>(() => Reviews.Reject(project, rita.Id, decision.Id, 1, seen: 0, SentTo.Nobody, " "));
    }

    [Fact]
    public void Reject_ChoiceInAConversation_CanOnlyBeDiscarded()
    {
        var project = test.Project(NoChecks, items: 1);
        var conversations = project with { Settings = project.Settings with { Task = TaskKind.Dialogue } };
        var decision = Decide(project, ann);
        Assert.Contains("can only be discarded", Assert.Throws<InvalidDataException>(
            () => Reviews.Reject(conversations, rita.Id, decision.Id, 1, seen: 0, SentTo.SamePerson, "No.")).Message);
        Reviews.Reject(conversations, rita.Id, decision.Id, 1, seen: 0, SentTo.Nobody, "No.");
        Assert.Equal(0, test.Store.Projects.Progress(project.Id).Decisions);
    }

    [Fact]
    public void Correct_Decision_AdjudicatesTheItemAndTellsThePerson()
    {
        var project = test.Project(NoChecks, items: 1);
        var decision = Decide(project, ann);
        Reviews.Correct(project, rita.Id, decision.Id, 1, seen: 0, new() { Ranks = [0, 0], Rationale = "Both are right." }, settled: 0);
        Assert.Equal([0, 0], test.Store.Annotations.ForItem(project.Id, decision.Item).Single(each => each.Adjudicates).Result.Ranks);
        Assert.Equal(decision.Result.Ranks, test.Store.Annotations.Find(project.Id, decision.Id)!.Result.Ranks);
        var review = Assert.Single(Reviews.Feedback(project.Id, ann.Id, 10));
        Assert.Equal((ReviewState.Corrected, "Both are right."), (review.State, review.Reason));
        Assert.Throws<InvalidDataException>(() => Reviews.Accept(project, bob.Id, decision.Id, 1, seen: 0));
        foreach (var action in new Action[]
        {
            () => Reviews.Accept(project, bob.Id, decision.Id, 1, review.Id),
            () => Reviews.Reject(project, bob.Id, decision.Id, 1, review.Id, SentTo.Nobody, "No."),
        })
            Assert.Contains("change it on the tab “Adjudicate”", Assert.Throws<InvalidDataException>(action).Message);
        var settled = test.Store.Annotations.ForItem(project.Id, decision.Item).Single(each => each.Adjudicates).Id;
        Reviews.Correct(project, bob.Id, decision.Id, 1, review.Id, new() { Ranks = [1, 0] }, settled);
        Assert.Equal(bob.Id, Assert.Single(Reviews.Feedback(project.Id, ann.Id, 10)).Reviewer);
    }

    [Fact]
    public void Unreviewed_Filters_SelectByPersonFlagTimeAndShare()
    {
        var project = test.Project(NoChecks, items: 200);
        test.Add(project, TestStore.Pair("known", ItemKind.Calibration, [0, 1]));
        var calibration = Decide(project, ann);
        var flagged = test.Submit(project, ann, test.Next(project, ann), new() { Ranks = [0, 1], Flags = [Flag.Unsafe] })!.Annotation;
        test.Submit(project, ann, test.Next(project, ann), new() { Outcome = Outcome.Skipped });
        test.Time.Pass(TimeSpan.FromDays(1));
        Decide(project, bob);                                      // the calibration item
        var later = Enumerable.Range(0, 150).Select(_ => Decide(project, bob)).ToList();
        Assert.DoesNotContain(Reviews.Unreviewed(project.Id, All), decision => decision.Item == calibration.Item);
        Assert.Equal(flagged.Id, Assert.Single(Reviews.Unreviewed(project.Id, new() { Person = ann.Id })).Id);
        Assert.Equal(flagged.Id, Assert.Single(Reviews.Unreviewed(project.Id, new() { Flags = [Flag.Broken, Flag.Unsafe] })).Id);
        Assert.Empty(Reviews.Unreviewed(project.Id, new() { Flags = [Flag.Broken] }));
        Assert.Equal(150, Reviews.Unreviewed(project.Id, new() { From = later[0].At }).Count);
        Assert.Equal(flagged.Id, Assert.Single(Reviews.Unreviewed(project.Id, new() { To = later[0].At })).Id);
        var sample = Reviews.Unreviewed(project.Id, new() { Share = 0.3 }).Select(decision => decision.Id).ToList();
        Assert.InRange(sample.Count, 25, 66);                      // 45 of 151, ± 3.7 standard deviations
        Assert.Equal(sample, Reviews.Unreviewed(project.Id, new() { Share = 0.3 }).Select(decision => decision.Id));
    }

    [Fact]
    public void Export_ReviewedOnly_HasAcceptedDecisionsAndAdjudications()
    {
        var project = test.Project(NoChecks, items: 4);
        var decisions = Enumerable.Range(0, 4).Select(_ => Decide(project, ann)).ToList();
        Reviews.Accept(project, rita.Id, decisions[0].Id, 1, seen: 0);
        Reviews.Correct(project, rita.Id, decisions[1].Id, 1, seen: 0, new() { Ranks = [1, 0] }, settled: 0);
        Reviews.Reject(project, rita.Id, decisions[2].Id, 1, seen: 0, SentTo.OtherPerson, "No.");
        var counts = test.Store.Exports.Preview(project, new() { ReviewedOnly = true });
        Assert.Equal((2, 1), (counts.TrainRows, counts.Adjudicated));
        Assert.Equal(3, test.Store.Exports.Preview(project, new()).TrainRows);
        test.Store.Annotations.Edit(project, ann.Id, decisions[0].Id, 1, new() { Ranks = [1, 0] });
        Assert.Equal(1, test.Store.Exports.Preview(project, new() { ReviewedOnly = true }).TrainRows);
    }

    Annotation Decide(Project project, Person person) => test.Prefer(project, person, test.Next(project, person), 0)!.Annotation;

    public void Dispose() => test.Dispose();
}
