using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Store.Export;
using Attune.Store.Import;
using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>Demonstrations, and labels of steps.</summary>
public sealed class FormTaskTests : IDisposable
{
    readonly TestStore test = new();
    readonly TemporaryFolder folder = new();

    [Fact]
    public void Demonstration_OfImportedAndOwnPrompts_IsExported()
    {
        var project = test.Project(new() { Task = TaskKind.Demonstration, IdealAnswer = false, CheckEvery = 0 }, items: 0);
        Import(project, """{"prompt":"Where is the pool?","completion":"not read"}""");
        var item = test.Next(project, test.Owner);
        Assert.Empty(item.Answers);
        Assert.Throws<InvalidDataException>(() => test.Submit(project, test.Owner, item, new() { Ranks = [], Ideal = " " }));
        test.Submit(project, test.Owner, item, new() { Ranks = [], Ideal = "On the roof." });
        test.Store.Annotations.Demonstrate(project, test.Owner.Id, "And the gym?", "Below it.", "own", 3);
        test.Store.Annotations.Demonstrate(project, test.Owner.Id, "And the gym?", "Below it.", "own", 3);
        test.AssertCountsEqualARecount();
        Assert.Equal(["On the roof.", "Below it."], Export(project, ExportLayout.Demonstrations).Select(row => (string)row["completion"]!));
        Assert.All(Dataset.Rows(folder.File("Demonstrations/train.jsonl")).Select(Dataset.ToExample),
            example => Assert.Equal(DataUse.Demonstrations, DataUses.Of(example)));
        var messages = Export(project, ExportLayout.Conversations)[0]["messages"]!;
        Assert.Equal(("assistant", "On the roof."), ((string)messages[1]!["role"]!, (string)messages[1]!["content"]!));
        Assert.Empty(Export(project, ExportLayout.Pairs));
        test.Undo(project, test.Owner);
        Assert.Equal("And the gym?", (string)test.Next(project, test.Owner).Prompt!);
    }

    [Fact]
    public void Demonstrate_OwnPromptOfAProjectWithOverlap_IsGivenToOthersToo()
    {
        var project = test.Project(new() { Task = TaskKind.Demonstration, Overlap = 2, CheckEvery = 0 }, items: 0);
        Assert.Empty(test.Prompts(project, test.Person("Ann")));
        test.Store.Annotations.Demonstrate(project, test.Owner.Id, "And the gym?", "Below it.", "own", 3);
        Assert.Empty(test.Prompts(project, test.Owner));
        test.Submit(project, test.Person("Ann"), test.Next(project, test.Person("Ann")), new() { Ranks = [], Ideal = "In the cellar." });
        Assert.Equal(new Progress(1, 1, 2, 2), test.Store.Projects.Progress(project.Id));
        test.AssertCountsEqualARecount();
    }

    [Theory]
    [InlineData("""{"prompt":"1 + 2 + 3","completions":["1 + 2 = 3","3 + 3 = 7","7"],"labels":[true,true,true]}""")]
    [InlineData("""{"prompt":"1 + 2 + 3","completion":"1 + 2 = 3\n3 + 3 = 7\n7"}""")]
    [InlineData("""{"prompt":"1 + 2 + 3","completion":"1 + 2 = 3\n\n3 + 3 = 7\n\n7"}""")]
    public void Steps_LabelledUpToTheFirstWrongOne_AreRowsOfTheStepwiseLayout(string row)
    {
        var project = test.Project(new() { Task = TaskKind.Steps, RatingLevels = 3, CheckEvery = 0 }, items: 0);
        Import(project, row);
        var item = test.Next(project, test.Owner);
        Assert.Equal(["1 + 2 = 3", "3 + 3 = 7", "7"], item.Answers.Select(step => (string)step!));
        Assert.Throws<InvalidDataException>(() =>
            test.Submit(project, test.Owner, item, new() { Outcome = Outcome.Rated, Ratings = [3, null, null] }));
        test.Submit(project, test.Owner, item, new() { Outcome = Outcome.Rated, Ratings = [2, 1, null] });
        var exported = Assert.Single(Export(project, ExportLayout.Steps));
        Assert.Equal("""["1 + 2 = 3","3 + 3 = 7"] [true,false]""",
            $"{exported["completions"]!.ToJsonString(SqlTypes.Json)} {exported["labels"]!.ToJsonString()}");
        Assert.IsType<StepwiseExample>(Dataset.Rows(folder.File("Steps/train.jsonl")).Select(Dataset.ToExample).Single());
        Assert.Empty(Export(project, ExportLayout.Pairs));
    }

    void Import(Project project, string row) => test.Store.Imports.Add(
        project, ImportRows.Read(folder.Write("rows.jsonl", row + "\n"), project.Settings), test.Owner.Id, ImportedDecisions.Keep,
        CancellationToken.None);

    List<JsonNode> Export(Project project, ExportLayout layout)
    {
        test.Store.Exports.Snapshot(project, new() { Layout = layout }, folder.File($"{layout}"));
        return [.. File.ReadLines(folder.File($"{layout}/train.jsonl")).Select(line => JsonNode.Parse(line)!)];
    }

    public void Dispose()
    {
        test.Dispose();
        folder.Dispose();
    }
}
