using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Store.Tests;

public sealed class QueueTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly FixedTime time = new();
    readonly PreferenceStore store;
    readonly Person owner;

    public QueueTests()
    {
        store = PreferenceStore.Open(Path.Combine(folder.Path, "studio.db"), time);
        owner = store.People.Add("Olga", Role.Owner);
    }

    [Fact]
    public void ADecisionIsKeptByPlaceWhateverTheSidesOfItsShowing()
    {
        var project = Project(new() { CheckEvery = 0 }, items: 20);
        var person = store.People.Add("Ann", Role.Annotator);
        for (var i = 0; i < 20; i++)
        {
            var showing = store.Queue.Next(project, person.Id, 1).Items.Single();
            var left = showing.Shown[0];
            Assert.Equal($"answer {left}", (string)showing.Answers[0]!);
            var saved = store.Decisions.Submit(project, person.Id, new(showing.Token, new() { Ranks = [0, 1] }, 3))!;
            Assert.Equal(0, saved.Decision.Verdict.Ranks![left]);
            Assert.Equal(1, saved.Decision.Verdict.Ranks[1 - left]);
        }
        Assert.Equal(Standing.Done, store.Queue.Next(project, person.Id, 1).Standing);
        Assert.Equal(new Progress(20, 20, 20, 20), store.Projects.Progress(project.Id));
    }

    [Fact]
    public void ASubmissionThatIsSentTwiceCountsOnce()
    {
        var project = Project(new() { CheckEvery = 0 }, items: 1);
        var showing = store.Queue.Next(project, owner.Id, 1).Items.Single();
        var first = store.Decisions.Submit(project, owner.Id, new(showing.Token, new() { Ranks = [0, 1] }, 3))!;
        var second = store.Decisions.Submit(project, owner.Id, new(showing.Token, new() { Ranks = [0, 1] }, 3))!;
        Assert.Equal(first.Decision.Id, second.Decision.Id);
        Assert.Equal(1, store.Items.Find(project.Id, showing.Item)!.Decided);
    }

    Project Project(ProjectSettings settings, int items)
    {
        var project = store.Projects.Add("hotel", settings, owner.Id);
        store.Items.Add(project.Id, [.. Enumerable.Range(0, items).Select(i => new Item
        {
            Prompt = JsonValue.Create($"prompt {i}"),
            Answers = [new(JsonValue.Create("answer 0"), "one"), new(JsonValue.Create("answer 1"), "other")],
        })], owner.Id);
        return project;
    }

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }
}
