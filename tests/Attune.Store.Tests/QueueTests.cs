using System.Text.Json.Nodes;

namespace Attune.Store.Tests;

public abstract class QueueTests : IDisposable
{
    static readonly ProjectSettings NoChecks = new() { CheckEvery = 0 };

    readonly TestStore test;
    readonly Person ann;
    readonly Person bob;

    protected QueueTests(StoreKind kind)
    {
        test = new(kind);
        (ann, bob) = (test.Person("Ann"), test.Person("Bob"));
    }

    [Fact]
    public void ADecisionIsKeptByPlaceWhateverTheSidesOfItsShowing()
    {
        var project = test.Project(NoChecks, items: 20);
        for (var i = 0; i < 20; i++)
        {
            var showing = test.Next(project, ann);
            var left = showing.Shown[0];
            Assert.Equal($"answer {left}", (string)showing.Answers[0]!);
            var saved = test.Submit(project, ann, showing, new() { Ranks = [0, 1] })!;
            Assert.Equal(0, saved.Annotation.Result.Ranks![left]);
            Assert.Equal(1, saved.Annotation.Result.Ranks[1 - left]);
        }
        Assert.Equal(QueueState.Done, test.Store.Queue.Next(project, ann.Id, 1).State);
        Assert.Equal(new Progress(20, 20, 20, 20), test.Store.Projects.Progress(project.Id));
    }

    [Fact]
    public void AnArchivedProjectGivesNothingAndTakesWhatWasGiven()
    {
        var project = test.Project(NoChecks, items: 2);
        var showing = test.Next(project, ann);
        test.Store.Projects.Archive(project.Id, archived: true, test.Owner.Id);
        var archived = test.Store.Projects.Get(project.Id);
        Assert.Equal((QueueState.Done, 0),
            (test.Store.Queue.Next(archived, ann.Id, 1).State, test.Store.Queue.Next(archived, ann.Id, 1).Items.Count));
        Assert.NotNull(test.Prefer(archived, ann, showing, 0));
    }

    [Fact]
    public void SidesAreRandomByPersonAndItem()
    {
        var project = test.Project(NoChecks with { Overlap = 2 }, items: 200);
        var (one, other) = (Sides(ann), Sides(bob));
        Assert.InRange(one.Count(side => side == 0), 60, 140);              // 200 throws of a coin: 100 ± 5.7 standard deviations
        Assert.InRange(one.Zip(other).Count(pair => pair.First == pair.Second), 60, 140);

        List<int> Sides(Person person) =>
            [.. test.Store.Queue.Next(project, person.Id, 200).Items.OrderBy(showing => showing.Item).Select(showing => showing.Shown[0])];
    }

    [Fact]
    public void NobodyGetsAPlaceThatAnotherHoldsAndALoadedPageStaysTheSame()
    {
        var project = test.Project(NoChecks, items: 3);
        Assert.Equal(["0", "1"], test.Prompts(project, ann, 2));
        Assert.Equal(["2"], test.Prompts(project, bob, 2));
        var (before, after) = (test.Next(project, ann), test.Next(project, ann));
        Assert.Equal((before.Token, before.Item), (after.Token, after.Item));
        Assert.Equal(before.Shown, after.Shown);
        Assert.Equal(["0", "1"], test.Prompts(project, ann, 2));
    }

    [Fact]
    public void ALeaseThatRanOutGoesToAnotherAndALateDecisionIsTakenAllTheSame()
    {
        var project = test.Project(NoChecks with { LeaseMinutes = 30 }, items: 1);
        var late = test.Next(project, ann);
        test.Time.Pass(TimeSpan.FromMinutes(29));
        Assert.Empty(test.Prompts(project, bob));
        test.Time.Pass(TimeSpan.FromMinutes(1));
        var second = test.Next(project, bob);
        Assert.Equal(late.Item, second.Item);
        Assert.NotEqual(late.Token, second.Token);
        Assert.Empty(test.Prompts(project, ann));          // Bob has taken the place
        Assert.NotNull(test.Prefer(project, bob, second, 0));
        Assert.NotNull(test.Prefer(project, ann, late, 1));
        Assert.Equal(2, test.Store.Items.Find(project.Id, late.Item)!.Decided);
        Assert.Equal(new Progress(1, 1, 2, 2), test.Store.Projects.Progress(project.Id));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void WhoComesBackToAFreePlaceGetsTheSameShowingAgain()
    {
        var project = test.Project(NoChecks, items: 2);
        var before = test.Next(project, ann);
        test.Time.Pass(TimeSpan.FromDays(3));
        var after = test.Next(project, ann);
        Assert.Equal(before.Token, after.Token);
        Assert.Equal(["1"], test.Prompts(project, bob, 2));    // and it is hers again
    }

    [Fact]
    public void ALoadedPageKeepsItsItemsForLonger()
    {
        var project = test.Project(NoChecks with { LeaseMinutes = 30 }, items: 1);
        test.Prompts(project, ann);
        test.Time.Pass(TimeSpan.FromMinutes(20));
        test.Prompts(project, ann);
        test.Time.Pass(TimeSpan.FromMinutes(20));
        Assert.Empty(test.Prompts(project, bob));
    }

    [Fact]
    public void Next_LeaseIsFromBeforeTheClockWasSetBack_EndsIt()
    {
        var project = test.Project(NoChecks with { LeaseMinutes = 30 }, items: 1);
        var held = test.Next(project, ann);
        test.Time.Pass(TimeSpan.FromMinutes(-1));
        Assert.Empty(test.Prompts(project, bob));              // a minute is within the tolerance of clocks
        test.Time.Pass(TimeSpan.FromDays(-200));
        Assert.Equal(["0"], test.Prompts(project, bob));
        Assert.NotNull(test.Prefer(project, ann, held, 0));    // a late decision is accepted
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void AnItemGoesToAsManyPeopleAsAreWanted()
    {
        var project = test.Project(NoChecks with { Overlap = 2 }, items: 1);
        Assert.Equal(["0"], test.Prompts(project, ann, 5));
        Assert.Equal(["0"], test.Prompts(project, bob, 5));
        Assert.Empty(test.Prompts(project, test.Owner, 5));
    }

    [Fact]
    public void AShareOfTheItemsOverlaps()
    {
        var project = test.Project(NoChecks with { Overlap = 3, OverlapShare = 0.25 }, items: 1000);
        var shared = (test.Store.Projects.Progress(project.Id).Wanted - 1000) / 2;
        Assert.InRange(shared, 180, 320);                  // 1,000 draws of 0.25: 250 ± 5 standard deviations
        test.Change(project, project.Settings with { OverlapShare = 1 });
        Assert.Equal(3000, test.Store.Projects.Progress(project.Id).Wanted);
        test.Change(project, project.Settings with { OverlapShare = 0 });
        Assert.Equal(1000, test.Store.Projects.Progress(project.Id).Wanted);
        test.Change(project, project.Settings);
        Assert.Equal(1000 + (2 * shared), test.Store.Projects.Progress(project.Id).Wanted);    // the same items as before
    }

    [Fact]
    public void MorePeopleCanBeWantedLaterAndFewer()
    {
        var project = test.Project(NoChecks, items: 2);
        test.Prefer(project, ann, test.Next(project, ann), 0);
        test.Prefer(project, ann, test.Next(project, ann), 0);
        Assert.Empty(test.Prompts(project, bob));
        project = test.Change(project, NoChecks with { Overlap = 2 });
        Assert.Empty(test.Prompts(project, ann));          // she has seen both
        Assert.Equal(["0"], test.Prompts(project, bob));
        Assert.Equal(new Progress(2, 0, 2, 4), test.Store.Projects.Progress(project.Id));
        project = test.Change(project, NoChecks);
        Assert.Equal(new Progress(2, 2, 2, 2), test.Store.Projects.Progress(project.Id));
        Assert.NotNull(test.Prefer(project, bob, test.Next(project, bob), 0));     // his assigned item stays assigned
        Assert.Empty(test.Prompts(project, bob));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void ASkipFreesThePlaceAndTheItemDoesNotComeBack()
    {
        var project = test.Project(NoChecks, items: 1);
        Assert.Equal(QueueState.Done, test.Store.Queue.Next(project, bob.Id, 0).State);
        var held = test.Next(project, ann);
        Assert.Empty(test.Prompts(project, bob));          // he has seen all items
        test.Submit(project, ann, held, new() { Outcome = Outcome.Skipped, SkipReason = " not my language " });
        Assert.Empty(test.Prompts(project, ann));
        Assert.Equal(["0"], test.Prompts(project, bob));
        var item = test.Store.Items.Find(project.Id, held.Item)!;
        Assert.Equal((0, 1), (item.Decided, item.Skipped));
        Assert.Equal("not my language", test.Store.Annotations.ForItem(project.Id, item.Id)[0].Result.SkipReason);
    }

    [Fact]
    public void TheFixedOrderIsThatOfImportAndWhatIsAddedComesLast()
    {
        var project = test.Project(NoChecks, items: 3);
        Assert.Equal(["0", "1", "2"], test.Prompts(project, ann, 10));
        test.Add(project, TestStore.Pair("late"));
        Assert.Equal(["0", "1", "2", "late"], test.Prompts(project, ann, 10));
    }

    [Fact]
    public void TheRandomOrderIsShuffledOnceForAll()
    {
        var project = test.Project(NoChecks with { Order = ItemOrder.Random, Overlap = 2 }, items: 50);
        var order = test.Prompts(project, ann, 50);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}").Order(), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 50).Select(i => $"{i}"), order);
        Assert.Equal(order, test.Prompts(project, bob, 50));
    }

    [Fact]
    public void TheInformativeOrderHasItsShareOfRandomOnesInAnyPartOfTheQueue()
    {
        var project = test.Project(NoChecks with { Order = ItemOrder.Informative, RandomShare = 0.25 }, items: 400);
        var isRandom = test.Ask<string>($"""
            SELECT string_agg(prompt, ',') FROM item WHERE project_id = {project.Id} AND random * 7919 - floor(random * 7919) < 0.25
            """).Split(',').Select(prompt => int.Parse(prompt.Trim('"'))).ToHashSet();
        Score();
        AssertShare(test.Prompts(project, ann, 400));

        var first = test.Store.Queue.Next(project, ann.Id, 0).Items.Take(200);
        Parallel.ForEach(first, new ParallelOptions { MaxDegreeOfParallelism = 16 }, showing => test.Prefer(project, ann, showing, 0));
        test.Time.Pass(TimeSpan.FromDays(1));
        Score();                                            // the remaining items are ordered again
        AssertShare(test.Prompts(project, bob, 200));

        // The priority is the number in the prompt: the uncertain ones come largest first, the random ones do not.
        void AssertShare(IReadOnlyList<string> prompts)
        {
            var (random, largest) = (0, int.MaxValue);
            var shares = new List<double>();
            foreach (var prompt in prompts.Select(int.Parse))
            {
                random += isRandom.Contains(prompt) ? 1 : 0;
                shares.Add((double)random / (shares.Count + 1));
                if (isRandom.Contains(prompt))
                    continue;
                Assert.True(prompt < largest);
                largest = prompt;
            }
            Assert.All(shares.Skip(19), share => Assert.InRange(share, shares[^1] - 0.06, shares[^1] + 0.06));
            Assert.InRange(shares[^1], 0.12, 0.38);         // 200 draws of 0.25: 0.25 ± 4 standard deviations
        }

        void Score() => test.Store.Items.Score(
            project.Id, test.Store.Items.Page(project.Id, 0, 400)
                .Select(item => new ItemScores(item.Id, [0.5, -0.5], int.Parse((string)item.Prompt!))).ToList(), test.Owner.Id);
    }

    [Fact]
    public void TheCalibrationRoundComesFirstAndItsMarkDecides()
    {
        var project = test.Project(NoChecks with { CalibrationPass = 0.6 }, items: 1);
        test.Add(project, [.. Enumerable.Range(0, 3).Select(i => TestStore.Pair($"known {i}", ItemKind.Calibration, [0, 1]))]);
        foreach (var right in new[] { 0, 0, 1 })            // two of three
        {
            var held = test.Store.Queue.Next(project, ann.Id, 4).Items;
            Assert.All(held, showing => Assert.Equal(ItemKind.Calibration, showing.Kind));    // no other items before the round is over
            test.Prefer(project, ann, held[0], right);
        }
        Assert.Equal(["0"], test.Prompts(project, ann));
        foreach (var right in new[] { 0, 1, 1 })            // one of three
            test.Prefer(project, bob, test.Next(project, bob), right);
        Assert.Equal(QueueState.NotCalibrated, test.Store.Queue.Next(project, bob.Id, 1).State);
        Assert.Null(test.Undo(project, bob));    // he has seen the answers
    }

    [Fact]
    public void RatingsCanBeCalibratedToo()
    {
        Assert.True(KnownItemAccuracy.IsRight([0, 1], new AnnotationResult { Outcome = Outcome.Rated, Ratings = [5, 2] }));
        Assert.False(KnownItemAccuracy.IsRight([0, 1], new AnnotationResult { Outcome = Outcome.Rated, Ratings = [4, 4] }));
        Assert.False(KnownItemAccuracy.IsRight([0, 1], new AnnotationResult { Outcome = Outcome.AllBad }));
        Assert.True(KnownItemAccuracy.IsRight([0, null, 0], [1, 0, 1]));
        Assert.False(KnownItemAccuracy.IsRight([0, 0], [0, 1]));
    }

    [Fact]
    public void OneItemInSoManyIsACheckAndNoneComesTwiceToAPerson()
    {
        var project = test.Project(NoChecks with { CheckEvery = 4 }, items: 300);
        test.Add(project, [.. Enumerable.Range(0, 200).Select(i => TestStore.Pair($"check {i}", ItemKind.Check, [0, 1]))]);
        var prompts = test.Prompts(project, ann, 500);
        Assert.Equal(prompts.Count, prompts.Distinct().Count());
        Assert.Equal(300, prompts.Count(prompt => !prompt.StartsWith("check")));
        Assert.InRange(prompts.Count(prompt => prompt.StartsWith("check")), 50, 160);    // one after every three others: 100 ± 11.5
        Assert.Equal(prompts, test.Prompts(project, ann, 501));                            // and no check alone at the end
    }

    [Fact]
    public void TextsComeBackAsTheyWere()
    {
        var project = test.Project(NoChecks, 0);
        var hostile = "<script>alert(1)</script>\0\u202E\u200B\uFEFF \"\\ \u2028 🦜 e\u0301";
        var messages = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = hostile });
        test.Add(project, new Item { Prompt = messages, Answers = [new(JsonValue.Create(hostile)),
            new(JsonValue.Create(new string('x', 1_000_000)))], Extra = new() { ["id"] = hostile } });
        var item = test.Store.Items.Page(project.Id, 0, 1).Single();
        Assert.Equal(hostile, (string)item.Prompt[0]!["content"]!);
        Assert.Equal(hostile, (string)item.Answers[0].Text!);
        Assert.Equal(1_000_000, ((string)item.Answers[1].Text!).Length);
        Assert.Equal(hostile, (string)item.Extra!["id"]!);
    }

    [Fact]
    public void HalfOfACharacterIsReplacedOrRefused()
    {
        var project = test.Project(NoChecks, 0);
        test.Add(project, TestStore.Pair("a\uD83E"));
        Assert.Equal("a\uFFFD", test.Prompts(project, ann)[0]);
        var error = Assert.Throws<InvalidDataException>(() =>
            test.Add(project, TestStore.Pair("x") with { Prompt = JsonNode.Parse("\"a\\ud83e\"")! }));
        Assert.Contains("lone surrogate", error.Message);
    }

    public void Dispose()
    {
        test.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteQueueTests() : QueueTests(StoreKind.Sqlite);

public sealed class PostgresQueueTests() : QueueTests(StoreKind.Postgres);
