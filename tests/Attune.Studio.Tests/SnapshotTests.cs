using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Store;
using Attune.Studio.Loop;
using Attune.Training.Recipes;

namespace Attune.Studio.Tests;

/// <summary>Which methods a project offers, and whether the reader of training data reads the snapshots that they get.</summary>
public sealed class SnapshotTests : IDisposable
{
    static readonly MethodDescription Labels = new("labels") { Reads = DataUse.Labels };

    /// <summary>What a project with comparisons has data for.</summary>
    static readonly DataUse[] OfComparisons = [DataUse.Comparisons, DataUse.Rewards, DataUse.Labels];

    readonly TemporaryFolder folder = new();
    readonly PreferenceStore store;
    readonly StudioOptions options;

    public SnapshotTests()
    {
        store = PreferenceStore.Open(folder.File("studio.db"));
        options = new() { Folder = folder.Path, Runs = "", Attune = [], Methods = [.. MethodCatalog.All, Labels] };
    }

    [Fact]
    public void Pairwise_Decided_OffersMethodsOfComparisonsAndLabels()
    {
        var project = Decided(new(), answers: 2, new() { Ranks = [1, 0] });
        AssertOffered(project, OfComparisons);
    }

    [Fact]
    public void Ranking_OfConversations_OffersMethodsOfComparisonsAndLabels()
    {
        var project = Decided(new() { Task = TaskKind.Ranking }, answers: 3, new() { Ranks = [2, 0, 1] }, conversations: true);
        AssertOffered(project, OfComparisons);
    }

    [Fact]
    public void BestWorst_Decided_OffersMethodsOfComparisonsAndLabels()
    {
        var result = new AnnotationResult { Outcome = Outcome.BestWorst, Ranks = [0, 1, 2, 1] };
        AssertOffered(Decided(new() { Task = TaskKind.BestWorst }, answers: 4, result), OfComparisons);
    }

    [Fact]
    public void Ranking_TwoQuestionsByWeight_AreLabelledPairs()
    {
        var settings = new ProjectSettings { Task = TaskKind.Ranking, Questions = [new("helpful", "Which?"), new("harmless", "Which?")] };
        var project = Decided(settings, answers: 3, new()
        {
            Ranks = [0, 1, 2], Judgments = new Dictionary<string, Judgment> { ["harmless"] = new() { Ranks = [1, 0, 2] } },
        });
        var target = folder.File("both");
        var counts = Snapshot.Write(store, project, MethodCatalog.Find("reward")!, [new("helpful", 3), new("harmless")], target,
            store.People.Local());
        var reading = new ReadOptions { Use = DataUse.Comparisons, Reader = "reward" };
        Assert.Equal(counts.TrainRows, Dataset.Read(Snapshot.Train(target), reading).Count());
        Assert.Contains("\"label\":0.75", File.ReadAllText(Snapshot.Train(target)), StringComparison.Ordinal);       // (3 · 1 + 1 · 0) / 4
    }

    [Fact]
    public void Rating_SeveralAnswers_OffersMethodsOfComparisonsAndLabels()
    {
        var project = Decided(
            new() { Task = TaskKind.Rating, RatingLevels = 5 }, answers: 2, new() { Outcome = Outcome.Rated, Ratings = [5, 1] });
        AssertOffered(project, OfComparisons);
    }

    [Fact]
    public void Rating_ThumbsOfOneAnswer_OffersMethodsOfLabelsOnly()
    {
        var project = Decided(
            new() { Task = TaskKind.Rating, RatingLevels = 2 }, answers: 1, new() { Outcome = Outcome.Rated, Ratings = [2] });
        AssertOffered(project, DataUse.Labels);
    }

    [Fact]
    public void AllBad_WithABetterAnswer_OffersMethodsOfLabelsAndDemonstrations()
    {
        var project = Decided(new(), answers: 2, new() { Outcome = Outcome.AllBad, Ideal = "a better answer" });
        AssertOffered(project, DataUse.Labels, DataUse.Demonstrations);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pairwise_WithABetterAnswer_OffersMethodsOfTriplesToo(bool conversations)
    {
        var result = new AnnotationResult { Ranks = [1, 0], Ideal = "a better answer" };
        AssertOffered(Decided(new(), answers: 2, result, conversations), [.. OfComparisons, DataUse.Demonstrations, DataUse.Triples]);
    }

    [Fact]
    public void Ties_Only_OfferNothing()
    {
        var project = Decided(new(), answers: 2, new() { Ranks = [0, 0] });
        Assert.Empty(Snapshot.Methods(store, options, project));
        var error = Assert.Throws<InvalidDataException>(() => Snapshot.Preview(store, project, MethodCatalog.Find("reward")!, []));
        Assert.StartsWith("hotel has no data for reward, which reads comparisons", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The methods that read one of these are offered, and no others; each reads all rows of its snapshot.</summary>
    void AssertOffered(Project project, params DataUse[] uses)
    {
        var offered = Snapshot.Methods(store, options, project);
        Assert.Equal(
            options.Methods.Where(method => uses.Contains(method.Reads)).Select(method => method.Name).Order(),
            offered.Select(method => method.Name).Order());
        foreach (var method in offered)
        {
            var target = folder.File(method.Name);
            var counts = Snapshot.Write(store, project, method, [], target, store.People.Local());
            var reading = new ReadOptions { Use = method.Reads, Reader = method.Name };
            Assert.Equal(counts.TrainRows, Dataset.Read(Snapshot.Train(target), reading).Count());
            Assert.Equal(counts.HeldOutRows, Dataset.Read(Snapshot.HeldOut(target), reading).Count());
        }
    }

    /// <summary>
    /// Thirty items with the same decision. Their rows were imported with fields that have meanings in other layouts, and those of
    /// conversations with tools.
    /// </summary>
    Project Decided(ProjectSettings settings, int answers, AnnotationResult result, bool conversations = false)
    {
        var owner = store.People.Local();
        var project = store.Projects.Add("hotel", settings with { CheckEvery = 0 }, owner.Id);
        store.Items.Add(project.Id, [.. Enumerable.Range(0, 30).Select(i => new Item
        {
            Prompt = Text("user", $"prompt {i}", conversations),
            Answers = [.. Enumerable.Range(0, answers).Select(at => new ItemResponse(Text("assistant", $"answer {at}", conversations)))],
            Extra = new()
            {
                ["score"] = 3, ["question"] = "where?", ["conversations"] = new JsonArray(), ["system"] = "be kind",
                ["tools"] = conversations ? new JsonArray(new JsonObject { ["name"] = "search" }) : null,
            },
        })], owner.Id);
        while (store.Queue.Next(project, owner.Id, 1).Items is [var showing])
            Assert.NotNull(store.Annotations.Submit(project, owner.Id, new(showing.Token, result.AsShown(showing.Shown), 1)));
        return project;
    }

    static JsonNode Text(string role, string text, bool conversations) => conversations
        ? new JsonArray(new JsonObject { ["role"] = role, ["content"] = text })
        : JsonValue.Create(text);

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }
}
