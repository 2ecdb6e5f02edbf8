using System.Text.Json.Nodes;
using Attune.Data.Agreement;

namespace Attune.Store.Tests;

/// <summary>Statistics and adjudications, with numbers computed by hand.</summary>
public abstract class FiguresTests : IDisposable
{
    static readonly AnnotationResult First = new() { Ranks = [0, 1] };
    static readonly AnnotationResult Second = new() { Ranks = [1, 0] };
    static readonly AnnotationResult Tie = new() { Ranks = [0, 0] };
    static readonly AnnotationResult AllBad = new() { Outcome = Outcome.AllBad };
    static readonly AnnotationResult Skip = new() { Outcome = Outcome.Skipped };

    readonly EmptyStore empty;
    readonly FixedTime time = new();
    readonly PreferenceStore store;
    readonly Person owner;
    readonly long ann;
    readonly long bob;

    protected FiguresTests(StoreKind kind)
    {
        empty = new(kind);
        store = PreferenceStore.Open(empty.Address, time);
        owner = store.People.Add("Olga", Role.Owner);
        ann = store.People.Add("Ann", Role.Annotator).Id;
        bob = store.People.Add("Bob", Role.Annotator).Id;
    }

    [Fact]
    public void AgreementIsOfOrdinaryItemsThatTwoPeopleDecided()
    {
        var project = Project(new(), items: 5);
        Decide(project, ann, First, First, Tie, First, AllBad);
        Decide(project, bob, First, Second, Tie, Skip, Tie);
        var votes = store.Statistics.Load(project.Id);
        var raw = GroupAgreement.Compute(new(votes.Choice()), votes.Choices).Raw;
        Assert.Equal((2 / 4.0, 4), (raw.Value, raw.Items));      // all bad is not a tie, and a skip does not count
        var preference = GroupAgreement.Compute(new(votes.Preference())).Raw;
        Assert.Equal((1 / 2.0, 2), (preference.Value, preference.Items));
        Assert.Equal(4, votes.Choices);
    }

    [Theory]
    [InlineData(4, 0, 1)]
    [InlineData(4, 3, 4)]
    [InlineData(7, 3, 3)]
    [InlineData(9, 4, 4)]
    public void ADegreeIsSignedAndATieIsInTheMiddle(int levels, int strength, int degree)
    {
        var project = Project(new() { StrengthLevels = levels }, items: 3);
        Decide(project, ann, First with { Strength = strength }, Second with { Strength = strength }, Tie);
        Assert.Equal([degree, -degree, 0], store.Statistics.Load(project.Id).Degree().Select(rating => rating.Value));
    }

    [Fact]
    public void ARankingIsAllItsPairs()
    {
        var project = Project(new() { Task = TaskKind.Ranking }, items: 1, answers: 4);
        Decide(project, ann, new AnnotationResult { Ranks = [1, 0, 1, null] });
        var vote = store.Statistics.Load(project.Id).Annotations.Single();
        Assert.Equal([(0, 1, -1), (0, 2, 0), (1, 2, 1)], vote.Pairs());
        Assert.Null(vote.Extremes());                            // two share the last rank
    }

    [Fact]
    public void ARatingProjectComparesLevels()
    {
        var project = Project(new() { Task = TaskKind.Rating, RatingLevels = 5 }, items: 1);
        Decide(project, ann, new AnnotationResult { Outcome = Outcome.Rated, Ratings = [5, 2] });
        Decide(project, bob, new AnnotationResult { Outcome = Outcome.Rated, Ratings = [4, 2] });
        var votes = store.Statistics.Load(project.Id);
        Assert.Equal([5, 2, 4, 2], votes.Choice().Select(rating => rating.Value));
        Assert.Equal(0.5, GroupAgreement.Compute(new(votes.Choice()), votes.Choices).Raw.Value);
        Assert.All(votes.Comparisons(votes.Models()), comparison => Assert.Equal(Winner.First, comparison.Winner));
    }

    [Fact]
    public void APersonsFiguresAreCountedByHand()
    {
        var project = Project(new(), items: 4);
        var shown = Decide(project, ann, First, First, Tie, Second);
        Decide(project, bob, First, Second, Skip, Skip);
        var figures = PersonFigures.Of(store.Statistics.Load(project.Id));
        var (a, b) = (figures.Single(person => person.Person == ann), figures.Single(person => person.Person == bob));
        Assert.Equal((4, 0, 2, 2), (a.Decisions, a.Skips, b.Decisions, b.Skips));
        Assert.Equal((new(1, 4), new(0, 4)), (a.Ties, a.AllBad));
        Assert.Equal(new Proportion(2, 3), a.Longer);            // answer 0 is longer, and answer 1 was the best once
        var left = new[] { shown[0][0] == 0, shown[1][0] == 0, shown[3][0] == 1 }.Count(first => first);
        Assert.Equal(new Proportion(left, 3), a.First);
        Assert.Equal(2.5, a.MedianSeconds);                      // 1, 2, 3 and 4 seconds
        Assert.Equal(4 * 3600 / 10.0, a.PerHour!.Value, 1e-9);
        Assert.Equal([KeyValuePair.Create(new DateOnly(2026, 3, 1), 4)], a.Days);
        Assert.Equal((0.5, 2), (a.Others!.Value, a.Others.Items));
    }

    [Fact]
    public void Of_AnnotatorAgainstAllOthers_HasTheLowestAbility()
    {
        var project = Project(new(), items: 12);
        var cid = store.People.Add("Cid", Role.Annotator).Id;
        AnnotationResult[] right = [.. Enumerable.Range(0, 12).Select(i => i % 2 == 0 ? First : Second)];
        Decide(project, ann, right);
        Decide(project, bob, right);
        Decide(project, cid, [.. right.Select(verdict => verdict == First ? Second : First)]);
        var votes = store.Statistics.Load(project.Id);
        var figures = PersonFigures.Of(votes).ToDictionary(person => person.Person);
        Assert.InRange(figures[ann].Ability!.Accuracy.Value!.Value, 0.9, 1);
        Assert.InRange(figures[cid].Ability!.Accuracy.Value!.Value, 0, 0.15);
        Assert.Equal(12, figures[cid].Ability!.Ratings);
        Assert.Equal(new Proportion(1, 12), figures[ann].Fast);  // 1 to 12 seconds with the median 6.5: only 1 second is below a quarter
        Assert.Null(PersonFigures.Of(store.Statistics.LoadOwn(project.Id, ann), ann).Single().Ability);
    }

    [Fact]
    public void Comparisons_NameTheAnnotatorAndTheSide()
    {
        var project = Project(new(), items: 1);
        var shown = Decide(project, ann, First)[0];
        var votes = store.Statistics.Load(project.Id);
        var comparison = Assert.Single(votes.Comparisons(votes.Models()));
        Assert.Equal((ann, shown[0] == 0), (comparison.Rater, comparison.IsFirstShownFirst));
    }

    [Fact]
    public void ChecksAndCalibrationAreCountedApartAndInNoAgreement()
    {
        var project = Project(new(), items: 0);
        store.Items.Add(project.Id, [Known(ItemKind.Calibration, 0), Known(ItemKind.Calibration, 1)], owner.Id);
        Decide(project, ann, First, First);
        var votes = store.Statistics.Load(project.Id);
        var figures = Assert.Single(PersonFigures.Of(votes));
        Assert.Equal((new(1, 2), new(0, 0)), (figures.Calibration, figures.Checks));
        Assert.Equal(new Proportion(0, 0), figures.Longer);
        Assert.Empty(votes.Choice());
    }

    [Fact]
    public void AReviewersDecisionStandsForTheVotes()
    {
        var project = Project(new(), items: 3);
        Decide(project, ann, First, First);
        Decide(project, bob, Second, First);
        var item = Items(project)[0];
        store.Adjudications.Decide(project, owner.Id, Items(project)[2], Tie, seen: 0);
        store.Adjudications.Decide(project, owner.Id, item, Second with { Rationale = "shorter" }, seen: 0);
        var votes = store.Statistics.Load(project.Id);
        Assert.Equal(["one", "other"], votes.Models());
        var expected = new[] { Winner.Second, Winner.First, Winner.First, Winner.Neither };
        Assert.Equal(expected, votes.Comparisons(votes.Models()).Select(comparison => comparison.Winner));
        Assert.Equal(0.5, GroupAgreement.Compute(new(votes.Choice())).Raw.Value);     // the disagreement of the annotators still counts
        Assert.Equal(2, store.Items.Find(project.Id, item)!.Decided);
    }

    [Fact]
    public void ItemsWaitForAReviewerWherePeopleDisagree()
    {
        var project = Project(new() { StrengthLevels = 7 }, items: 4);
        var (first, second) = (First with { Strength = 1 }, Second with { Strength = 1 });
        Decide(project, ann, first, first, first, Tie);
        Decide(project, bob, second, first with { Strength = 3 }, Skip, AllBad);
        var items = Items(project);
        Assert.Equal(2, store.Adjudications.Waiting(project.Id));
        Assert.Equal(items[0], store.Adjudications.Next(project.Id));
        Assert.Equal(items[3], store.Adjudications.Next(project.Id, after: items[0]));
        Assert.Null(store.Adjudications.Next(project.Id, after: items[3]));
        store.Adjudications.Decide(project, owner.Id, items[0], first, seen: 0);
        Assert.Equal(1, store.Adjudications.Waiting(project.Id));
        Assert.Equal([(items[0], "Olga", time.GetUtcNow())], store.Adjudications.Newest(project.Id, 5));
    }

    [Fact]
    public void TwoReviewersDoNotOverwriteEachOtherUnseen()
    {
        var project = Project(new(), items: 1);
        var item = Items(project)[0];
        store.Adjudications.Decide(project, owner.Id, item, First, seen: 0);
        Assert.Contains("in the meantime",
            Assert.Throws<InvalidDataException>(() => store.Adjudications.Decide(project, ann, item, Second, seen: 0)).Message);
        var settled = store.Annotations.ForItem(project.Id, item).Single();
        Assert.True(settled.Adjudicates);
        store.Adjudications.Decide(project, ann, item, Second, settled.Id);
        Assert.Equal([1, 0], store.Annotations.ForItem(project.Id, item).Single().Result.Ranks!);
        var entry = store.Audit.Newest(project.Id)[0];
        Assert.Equal(("settled", "Ann"), (entry.Action, entry.Person));
        Assert.Contains("\"was\"", entry.Details);
    }

    [Fact]
    public void OnlyADecisionAboutAnOrdinaryItemOfTheProjectSettlesIt()
    {
        var project = Project(new(), items: 1);
        var other = store.Projects.Add("other", new(), owner.Id);
        var item = Items(project)[0];
        Assert.Throws<InvalidDataException>(() => store.Adjudications.Decide(project, owner.Id, item, Skip, seen: 0));
        Assert.Throws<InvalidDataException>(() => store.Adjudications.Decide(other, owner.Id, item, First, seen: 0));
        Assert.Throws<InvalidDataException>(() =>
            store.Adjudications.Decide(project, owner.Id, item, new() { Ranks = [0, 1, 2] }, seen: 0));
        Assert.Empty(store.Annotations.ForItem(project.Id, item));
    }

    [Fact]
    public void FiguresHaveAnotherMomentWhenSomethingWasDone()
    {
        var project = Project(new(), items: 1);
        var before = store.Statistics.Moment(project.Id);
        Assert.Equal(before, store.Statistics.Moment(project.Id));
        Decide(project, ann, First);
        Assert.True(store.Statistics.Moment(project.Id) > before);
    }

    Project Project(ProjectSettings settings, int items, int answers = 2)
    {
        var project = store.Projects.Add("hotel", settings with { CheckEvery = 0, Overlap = 3 }, owner.Id);
        store.Items.Add(project.Id, [.. Enumerable.Range(0, items).Select(i => Item(i) with { Answers = Answers(answers) })], owner.Id);
        return project;
    }

    static Item Item(int number) => new() { Prompt = JsonValue.Create($"prompt {number}"), Answers = Answers(2) };

    static IReadOnlyList<ItemResponse> Answers(int count) =>
        [.. Enumerable.Range(0, count)
            .Select(place => new ItemResponse(JsonValue.Create(place == 0 ? "a long answer" : "short"), place == 0 ? "one" : "other"))];

    static Item Known(ItemKind kind, int best) => Item(best) with { Kind = kind, Expected = [best, 1 - best] };

    List<long> Items(Project project) => [.. store.Items.Page(project.Id, 0, 100).Select(item => item.Id)];

    /// <summary>Decides the first items, by place, the first in 1 second, the next in 2.</summary>
    /// <returns>How they were shown.</returns>
    List<IReadOnlyList<int>> Decide(Project project, long person, params IReadOnlyList<AnnotationResult> verdicts)
    {
        var showings = store.Queue.Next(project, person, verdicts.Count).Items;
        time.Pass(TimeSpan.FromMinutes(1));
        foreach (var (i, showing) in showings.Index())
            Assert.NotNull(store.Annotations.Submit(project, person, new(showing.Token, verdicts[i].AsShown(showing.Shown), i + 1)));
        return [.. showings.Select(showing => showing.Shown)];
    }

    public void Dispose()
    {
        store.Dispose();
        empty.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteFiguresTests() : FiguresTests(StoreKind.Sqlite);

public sealed class PostgresFiguresTests() : FiguresTests(StoreKind.Postgres);
