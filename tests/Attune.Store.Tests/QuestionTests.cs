using System.Text.Json.Nodes;
using Attune.Data.Agreement;
using Attune.Store.Export;
using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>
/// A project with the questions helpful, harmless and style. The response 0 is preferred unless a case says otherwise; expected values are
/// counted by hand.
/// </summary>
public abstract class QuestionTests : IDisposable
{
    static readonly ProjectSettings Settings = new()
    {
        Questions = [new("helpful", "Which answer is more helpful?"), new("harmless", "Which answer is less harmful?"),
            new("style", "Which answer is better written?")],
        Overlap = 2, CheckEvery = 0,
    };

    static readonly Judgment First = new() { Ranks = [0, 1] }, Second = new() { Ranks = [1, 0] }, Tie = new() { Ranks = [0, 0] },
        Bad = new() { Outcome = Outcome.AllBad };

    readonly TestStore test;
    readonly Project project;

    protected QuestionTests(StoreKind kind)
    {
        test = new(kind);
        project = test.Project(Settings, 2);
    }

    static AnnotationResult Result(Judgment helpful, Judgment harmless, Judgment style) => new()
    {
        Outcome = helpful.Outcome, Ranks = helpful.Ranks,
        Judgments = new Dictionary<string, Judgment> { ["style"] = style, ["harmless"] = harmless },
    };

    /// <summary>A person's next decision, by place.</summary>
    SavedAnnotation Decide(string name, Judgment helpful, Judgment harmless, Judgment style)
    {
        var person = test.Person(name);
        var showing = test.Next(project, person);
        return test.Submit(project, person, showing, Result(helpful, harmless, style).AsShown(showing.Shown))!;
    }

    IReadOnlyList<(string Chosen, double? Label)> Pairs(params QuestionWeight[] questions)
    {
        using var folder = new TemporaryFolder();
        test.Store.Exports.Snapshot(project, new() { Questions = questions }, folder.File("export"));
        return [.. File.ReadLines(folder.File("export/train.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Select(row => ((string)row["chosen"]!, (double?)row["label"]))];
    }

    [Fact]
    public void Submit_SeveralQuestions_KeepsADecisionOnEach()
    {
        var saved = Decide("Ann", First, Second, Bad);
        var kept = test.Store.Annotations.Find(project.Id, saved.Annotation.Id)!;
        Assert.Equal([0, 1], kept.Result.Ranks!);
        Assert.Equal([1, 0], kept.For("harmless")!.Result.Ranks!);
        Assert.Equal(Outcome.AllBad, kept.For("style")!.Result.Outcome);
        Assert.Null(kept.For("honest"));
        Assert.Equal(["harmless", "style"], kept.Result.Judgments!.Keys);
        Assert.Equal(1, test.Store.Projects.Progress(project.Id).Decisions);

        var undone = test.Store.Annotations.Undo(project, test.Person("Ann").Id, kept.Id)!;
        Assert.Equal([1, 0], undone.Annotation.For("harmless")!.Result.Ranks!);
        var again = test.Submit(project, test.Person("Ann"), undone.Item, undone.Annotation.Result.AsShown(undone.Annotation.Shown))!;
        var repeated = test.Submit(project, test.Person("Ann"), undone.Item, undone.Annotation.Result.AsShown(undone.Annotation.Shown))!;
        Assert.False(repeated.Differs);
        var edited = test.Store.Annotations.Edit(project, test.Person("Ann").Id, again.Annotation.Id, 1,
            Result(First, First, Tie).AsShown(again.Annotation.Shown))!;
        Assert.False(edited.Differs);
        Assert.Equal([0, 0], edited.Annotation.For("style")!.Result.Ranks!);
    }

    [Fact]
    public void Submit_QuestionMissingUnknownOrInvalid_IsRefused()
    {
        var (ann, whole) = (test.Person("Ann"), Result(First, First, First));
        var showing = test.Next(project, ann);
        var invalid = new (AnnotationResult Result, string Message)[]
        {
            (whole with { Judgments = null }, "decide every question: helpful, harmless, style"),
            (whole with { Judgments = new Dictionary<string, Judgment> { ["style"] = First, ["odd"] = First } }, "decide every question"),
            (Result(First, First, null!), "needs an outcome"),
            (Result(First, new() { Outcome = Outcome.Skipped }, First), "cannot be “skipped”"),
            (Result(First, new() { Ranks = [0, 7] }, First), "harmless: ranks must be"),
        };
        foreach (var (result, message) in invalid)
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => test.Submit(project, ann, showing, result)).Message,
                StringComparison.Ordinal);
        Assert.NotNull(test.Submit(project, ann, showing, whole with { Outcome = Outcome.Skipped, Judgments = null }));
        Assert.Contains("single question", Assert.Throws<InvalidDataException>(() =>
            AnnotationRules.Checked(whole, new(), 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Question_HasItsDecisionsOnly()
    {
        Decide("Ann", First, First, Tie);
        Decide("Ben", First, Second, Tie);
        double? Agreement(string? question) =>
            GroupAgreement.Compute(new(test.Store.Statistics.Load(project.Id, question: question).Choice())).Raw.Value;
        Assert.Equal([1, 1, 0, 1], new[] { Agreement(null), Agreement("helpful"), Agreement("harmless"), Agreement("style") });
        Assert.Equal(1, PersonFigures.Of(test.Store.Statistics.Load(project.Id, question: "style"))[0].Ties.Count);
        Assert.Equal(1, test.Store.Adjudications.Waiting(project.Id));       // they agree on the first question and not on the second
        Assert.Contains("helpful, harmless, style", Assert.Throws<InvalidDataException>(() =>
            test.Store.Statistics.Load(project.Id, question: "honest")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_Questions_OneAloneOrSeveralByWeight()
    {
        Decide("Ann", First, Second, Tie);
        Decide("Ann", Tie, First, First);
        Assert.Equal([("answer 0", null)], Pairs());
        Assert.Equal([("answer 1", null), ("answer 0", null)], Pairs(new QuestionWeight("harmless")));
        // Item 0: (3 · 1 + 1 · 0) / 4. Item 1: (3 · ½ + 1 · 1) / 4: a tie is one half.
        Assert.Equal([("answer 0", 0.75), ("answer 0", 0.625)], Pairs(new("helpful", 3), new("harmless")));
        // Item 0: (1 · 1 + 2 · 0 + 1 · ½) / 4 prefers the other response.
        Assert.Equal([("answer 1", 0.625), ("answer 0", 0.875)], Pairs(new("helpful"), new("harmless", 2), new("style")));
    }

    [Fact]
    public void Waiting_OtherQuestions_CountsChoicesAndNotStrengths()
    {
        var strong = test.Project(Settings with { StrengthLevels = 7 }, 2);
        var (slightly, much) = (First with { Strength = 1 }, First with { Strength = 3 });
        Decide("Ann", slightly, Bad);
        Decide("Bob", much, Bad);
        Assert.Equal(0, test.Store.Adjudications.Waiting(strong.Id));
        Decide("Ann", slightly, Bad);
        Decide("Bob", slightly, Tie);
        Assert.Equal(1, test.Store.Adjudications.Waiting(strong.Id));

        void Decide(string name, Judgment harmless, Judgment style)
        {
            var showing = test.Next(strong, test.Person(name));
            test.Submit(strong, test.Person(name), showing,
                (Result(First, harmless, style) with { Strength = 1 }).AsShown(showing.Shown));
        }
    }

    [Theory]
    [InlineData(ExportLayout.Rankings, 1, "need the layout")]
    [InlineData(ExportLayout.Pairs, 0, "above 0")]
    public void Export_QuestionsThatCannotBeWeighted_AreRefused(ExportLayout layout, double weight, string message)
    {
        var options = new ExportOptions { Layout = layout, Questions = [new("helpful"), new("style", weight)] };
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => test.Store.Exports.Preview(project, options)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Change_QuestionsOfAProjectWithDecisions_KeepTheirKeys()
    {
        Decide("Ann", First, First, First);
        var reworded = Settings with { Questions = [.. Settings.Questions.Select(question => question with { Text = "Which?" })] };
        Assert.Equal("Which?", test.Change(project, reworded).Settings.Questions[2].Text);
        Assert.Contains("questions cannot change", Assert.Throws<InvalidDataException>(() =>
            test.Change(project, Settings with { Questions = [.. Settings.Questions.Take(2)] })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Not A Key", "Which?", "lower-case letters")]
    [InlineData("key", " ", "must have a text")]
    [InlineData("helpful", "Which?", "keys must differ")]
    public void Problems_InvalidQuestion_SaysWhatIsAllowed(string key, string text, string message) =>
        Assert.Contains(message, Assert.Single((Settings with { Questions = [new("helpful", "Which?"), new(key, text)] }).Problems()),
            StringComparison.Ordinal);

    public void Dispose()
    {
        test.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteQuestionTests() : QuestionTests(StoreKind.Sqlite);

public sealed class PostgresQuestionTests() : QuestionTests(StoreKind.Postgres);
