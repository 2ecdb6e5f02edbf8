using Attune.Store;
using Attune.Studio.Quality;

namespace Attune.Studio.Tests;

public sealed class ProjectFiguresTests
{
    [Fact]
    public async Task Of_DecisionsArrive_AreKeptForAWhile()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 3);
        var mia = studio.Store.People.Add("Mia", Role.Annotator);
        var time = new SlowClock();
        var figures = new ProjectFigures(studio.Store, time, few: 0);
        Decide(studio, project, mia);
        Assert.Equal(1, Count());
        Decide(studio, project, mia);
        time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(1, Count());
        time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(2, Count());

        int Count() => figures.Of(project.Id).People.Single(person => person.Person == mia.Id).Decisions;
    }

    [Fact]
    public async Task Of_OnePerson_CountsChecksAsOrdinaryItems()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new() { CheckEvery = 2, Overlap = 2 }, 20);
        studio.Store.Items.Add(project.Id, [new Item
        {
            Kind = ItemKind.Check, Prompt = "check", Expected = [0, 1], Answers = [new("right", "a"), new("wrong", "b")],
        }], studio.Store.People.Find("You")!.Id);
        var (mia, ben) = (studio.Store.People.Add("Mia", Role.Annotator), studio.Store.People.Add("Ben", Role.Annotator));
        for (var i = 0; i < 20; i++)          // among them the check, save once in a million
            Decide(studio, project, mia);
        Decide(studio, project, ben);
        var figures = new ProjectFigures(studio.Store, TimeProvider.System);
        var own = figures.Of(project.Id, mia.Id)!;
        Assert.Equal(20, own.Decisions);
        Assert.Equal(20, own.First.Total);
        Assert.Equal(0, own.Checks.Total);
        Assert.Equal(1, figures.Of(project.Id).People.Single(person => person.Person == mia.Id).Checks.Total);
        Assert.Equal(1, figures.Of(project.Id, ben.Id)!.Decisions);
        Assert.Null(figures.Of(project.Id, 99_999));
    }

    [Fact]
    public async Task Agreement_ManyAnnotators_ComparesThoseWithTheMostItems()
    {
        await using var studio = await RunningStudio.Start();
        const int People = AgreementFigures.MostRaters + 5;
        var project = studio.Project("hotel", new() { CheckEvery = 0, Overlap = People }, 3);
        var people = Enumerable.Range(0, People).Select(i => studio.Store.People.Add($"person {i}", Role.Annotator)).ToList();
        foreach (var (i, person) in people.Index())
            for (var times = i < 5 ? 1 : 3; times > 0; times--)     // the first five share one item only
                Decide(studio, project, person);
        var figures = new ProjectFigures(studio.Store, TimeProvider.System).Of(project.Id).Agreement;
        Assert.Equal(People, figures.Raters);
        Assert.Equal(people.Skip(5).Select(person => person.Id),
            figures.Pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct().Order());
    }

    static void Decide(RunningStudio studio, Project project, Person person)
    {
        var item = studio.Store.Queue.Next(project, person.Id, 1).Items[0];
        studio.Store.Annotations.Submit(project, person.Id, new(item.Token, new() { Ranks = [0, 1] }, 1));
    }

    /// <summary>Every look at it takes a second.</summary>
    sealed class SlowClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => (Now += TimeSpan.FromSeconds(1)).Ticks;
    }
}
