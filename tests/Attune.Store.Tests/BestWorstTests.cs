using System.Text.Json.Nodes;
using Attune.Store.Export;
using Attune.Store.Import;
using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>A project of best–worst choices with one prompt and five answers, of which Ann prefers those with smaller numbers.</summary>
public sealed class BestWorstTests : IDisposable
{
    static readonly ProjectSettings Settings = new() { Task = TaskKind.BestWorst, CheckEvery = 0 };

    readonly TestStore test = new();
    readonly TemporaryFolder folder = new();
    readonly Project project;

    public BestWorstTests()
    {
        project = test.Project(Settings, 0);
        test.Add(project, Item(5));
    }

    static Item Item(int answers, ItemKind kind = ItemKind.Normal) => new()
    {
        Kind = kind, Prompt = JsonValue.Create("prompt"), Extra = new() { ["topic"] = "pool" },
        Answers = [.. Enumerable.Range(0, answers).Select(i => new ItemResponse(JsonValue.Create($"answer {i}"), $"model {i}"))],
        Expected = kind == ItemKind.Normal ? null : [.. Enumerable.Range(0, answers).Select(i => (int?)i)],
    };

    /// <summary>Chooses the answers with the smallest and the largest number.</summary>
    static AnnotationResult Choice(AssignedItem showing)
    {
        var numbers = showing.Answers.Select(answer => int.Parse(((string)answer!)[7..], null)).ToList();
        return new()
        {
            Outcome = Outcome.BestWorst,
            Ranks = [.. numbers.Select(number => (int?)(number == numbers.Min() ? 0 : number == numbers.Max() ? 2 : 1))],
        };
    }

    void DecideAll(string name)
    {
        var person = test.Person(name);
        while (test.Store.Queue.Next(project, person.Id, 1).Items is [var showing, ..])
            Assert.NotNull(test.Submit(project, person, showing, Choice(showing)));
    }

    IReadOnlyList<JsonNode> Rows(ExportLayout layout)
    {
        test.Store.Exports.Snapshot(project, new() { Layout = layout }, folder.File($"{layout}"));
        return [.. File.ReadLines(Path.Combine(folder.File($"{layout}"), "train.jsonl")).Select(line => JsonNode.Parse(line)!)];
    }

    [Fact]
    public void Add_FiveAnswers_BecomeFiveItemsOfFour()
    {
        var items = test.Store.Items.Page(project.Id, 0, 9);
        Assert.Equal(5, items.Count);
        Assert.All(items, item => Assert.Equal(4, item.Answers.Count));
        Assert.All(items.SelectMany(item => item.Answers).CountBy(answer => (string)answer.Text!), answer => Assert.Equal(4, answer.Value));
        test.Add(project, Item(3));
        Assert.Equal(6, test.Store.Items.Page(project.Id, 0, 9).Count);
        Assert.Contains("3 to 100 answers", Assert.Throws<InvalidDataException>(() => test.Add(project, Item(2))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Submit_OtherThanABestAndAWorstAnswer_IsRefused()
    {
        var (ann, showing) = (test.Person("Ann"), test.Next(project, test.Person("Ann")));
        foreach (var result in new AnnotationResult[]
        {
            new() { Ranks = [0, 1, 2, 3] },
            new() { Outcome = Outcome.BestWorst },
            new() { Outcome = Outcome.BestWorst, Ranks = [0, 0, 1, 2] },
            new() { Outcome = Outcome.BestWorst, Ranks = [0, null, 1, 2] },
            new() { Outcome = Outcome.BestWorst, Ranks = [0, 1, 2] },
        })
            Assert.Throws<InvalidDataException>(() => test.Submit(project, ann, showing, result));
        Assert.NotNull(test.Submit(project, ann, showing, Choice(showing)));
        Assert.Throws<InvalidDataException>(() => AnnotationRules.Checked(Choice(showing), new() { Task = TaskKind.Ranking }, 4));
    }

    [Fact]
    public void Pairs_OfAChoice_LeaveOutTheMiddle()
    {
        var vote = new AnnotationSummary { Outcome = Outcome.BestWorst, Ranks = [1, 0, 2, 1], Shown = [0, 1, 2, 3] };
        Assert.Equal([(0, 1, -1), (0, 2, 1), (1, 2, 1), (1, 3, 1), (2, 3, -1)], vote.Pairs());
        Assert.Equal((1, 2), vote.Extremes());
        DecideAll("Ann");
        var votes = test.Store.Statistics.Load(project.Id);
        Assert.Equal(25, votes.Comparisons(votes.Models()).Count());
    }

    [Fact]
    public void Export_Pairs_AreThoseThatTheChoicesImply()
    {
        DecideAll("Ann");
        var pairs = Rows(ExportLayout.Pairs);
        Assert.Equal(25, pairs.Count);
        Assert.All(pairs, pair => Assert.True(string.CompareOrdinal((string)pair["chosen"]!, (string)pair["rejected"]!) < 0));
        Assert.Equal(["chosen", "item", "prompt", "rejected", "sources", "topic"],
            pairs[0].AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Export_Rankings_HaveScoresByCounting()
    {
        DecideAll("Ann");
        test.Add(project, Item(3));                       // without a decision
        var row = Assert.Single(Rows(ExportLayout.Rankings));
        // Answer 0 is the best of its four subsets, 1 of the one without 0; 4 the worst of its four, 3 of the one without 4.
        Assert.Equal("[1,0.25,0,-0.25,-1]", row["scores"]!.ToJsonString());
        Assert.Equal("[0,1,2,3,4]", row["ranks"]!.ToJsonString());
        Assert.Equal("answer 3", (string)row["completions"]![3]!);
        Assert.Equal(1, test.Store.Exports.Preview(project, new() { Layout = ExportLayout.Rankings }).TrainRows);
    }

    [Fact]
    public void IsRight_KnownRanks_NeedTheirBestAndWorst()
    {
        AnnotationResult Chosen(params int?[] ranks) => new() { Outcome = Outcome.BestWorst, Ranks = ranks };
        Assert.True(KnownItemAccuracy.IsRight([0, 2, 1, 3], Chosen(0, 1, 1, 2)));
        Assert.False(KnownItemAccuracy.IsRight([0, 2, 1, 3], Chosen(0, 2, 1, 1)));
        Assert.True(KnownItemAccuracy.IsRight([0, 0, 1, 1], Chosen(1, 0, 2, 1)));
    }

    [Fact]
    public void Import_MoreThanNineAnswers_MakesAProjectOfBestWorstChoices()
    {
        var file = folder.Write("many.jsonl",
            $$"""{"prompt": "why?", "completions": [{{string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"{i}\""))}}]}""");
        var rows = ImportRows.Read(file);
        Assert.Equal(TaskKind.BestWorst, rows.Settings.Task);
        Assert.Equal(10, test.Store.Imports.AddProject("many", rows, test.Owner.Id).Items);
        var ranked = folder.Write("ranked.jsonl", """{"prompt": "why?", "completions": ["a", "b", "c"], "ranks": [0, 1, 2]}""");
        Assert.Contains("leave the ranks out", Assert.Throws<InvalidDataException>(() => ImportRows.Read(ranked, Settings)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose()
    {
        test.Dispose();
        folder.Dispose();
    }
}
