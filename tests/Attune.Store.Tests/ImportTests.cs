using Attune.Store.Export;
using Attune.Store.Import;
using Attune.Testing;

namespace Attune.Store.Tests;

public abstract class ImportTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly EmptyStore empty;
    readonly PreferenceStore store;
    readonly Person owner;

    protected ImportTests(StoreKind kind)
    {
        empty = new(kind);
        store = PreferenceStore.Open(empty.Address);
        owner = store.People.Add("Olga", Role.Owner);
    }

    Project Project(ProjectSettings? settings = null) =>
        store.Projects.Add($"{Guid.NewGuid():N}", settings ?? new() { Task = TaskKind.Ranking }, owner.Id);

    ImportResult Import(Project project, params string[] lines) =>
        store.Imports.Add(project, Read(project, folder.Write("data.jsonl", string.Join('\n', lines))), owner.Id);

    static ImportRows Read(Project project, string file) => ImportRows.Read(file, project.Settings);

    string Pairs(int count) => folder.Write("pairs.jsonl", string.Join('\n',
        Enumerable.Range(0, count).Select(i => $$"""{"prompt": "{{i}}", "chosen": "a", "rejected": "b"}""")));

    IReadOnlyList<Item> Items(Project project) => store.Items.Page(project.Id, 0, 100);

    [Fact]
    public void PromptsAndAnswersBecomeItemsAndOtherFieldsStayBesideThem()
    {
        var project = Project();
        var result = Import(project,
            """{"prompt": "one", "completions": ["a", "b", "c"], "sources": ["sft", "ppo", "ppo"], "topic": "pool", "n": 3}""",
            """{"prompt": [{"role": "user", "content": "two"}], "completions": [[{"role": "assistant", "content": "d"}], """
            + """[{"role": "assistant", "content": "e"}]]}""");
        Assert.Equal(new(2, 0, 0), result);
        var items = Items(project);
        Assert.Equal(("one", "b", "ppo"), ((string)items[0].Prompt!, (string)items[0].Answers[1].Text!, items[0].Answers[1].Source));
        Assert.Equal("""{"topic":"pool","n":3}""", items[0].Extra!.ToJsonString());
        Assert.Equal("two", (string)items[1].Prompt[0]!["content"]!);
        Assert.Equal("e", (string)items[1].Answers[1].Text[0]!["content"]!);
    }

    [Fact]
    public void KnownAnswersBecomeChecksAndCalibration()
    {
        var project = Project();
        Assert.Equal(new(2, 2, 0), Import(project,
            """{"prompt": "p", "completions": ["a", "b"], "ranks": [2, 1], "kind": "check"}""",
            """{"prompt": "q", "completions": ["a", "b", "c"], "ranks": [1, 1, 2], "kind": "calibration", "explanation": "c is rude"}"""));
        var items = Items(project);
        Assert.Equal((ItemKind.Check, ItemKind.Calibration, "c is rude"), (items[0].Kind, items[1].Kind, items[1].Explanation));
        Assert.Equal([1, 0], items[0].Expected!);
        Assert.Equal([0, 0, 1], items[1].Expected!);
    }

    [Theory]
    [InlineData(ExportLayout.Pairs,
        """{"prompt":"p","chosen":"a","rejected":"b","votes":[7,3],"margin":1.5,"sources":["new","old"],"item":1,"topic":"pool"}""")]
    [InlineData(ExportLayout.Pairs,
        """{"prompt":[{"role":"user","content":"p"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":"""
        + """[{"role":"assistant","content":"b"}],"margin":2,"item":1}""")]
    [InlineData(ExportLayout.Rankings,
        """{"prompt":"p","completions":["a","b","c","d"],"ranks":[1,0,1,null],"sources":["x","y","x","y"],"item":1}""")]
    [InlineData(ExportLayout.Hh,
        """{"chosen":"\n\nHuman: hi\n\nAssistant: yes?\n\nHuman: the pool?\n\nAssistant: Upstairs.","rejected":"\n\nHuman: """
        + """hi\n\nAssistant: yes?\n\nHuman: the pool?\n\nAssistant: No.","item":1}""")]
    [InlineData(ExportLayout.Hh,
        """{"chosen":"\n\nHuman: hi\n\nAssistant: a\n\nHuman: b\n\nAssistant: c","rejected":"\n\nHuman: """
        + """hi\n\nAssistant: d\n\nHuman: b\n\nAssistant: c","item":1}""")]
    public void WhatWasExportedComesInAsADecisionAndGoesOutTheSame(ExportLayout layout, string line)
    {
        var project = Project();
        Assert.Equal(new(1, 0, 1), Import(project, line));
        var item = Items(project)[0];
        Assert.Equal(("imported", 1), (store.People.Find(store.Annotations.ForItem(project.Id, item.Id)[0].Person)!.Name, item.Decided));
        store.Exports.Snapshot(project, new() { Layout = layout }, folder.File("out"));
        Assert.Equal(line, File.ReadAllText(Path.Combine(folder.File("out"), "train.jsonl")).TrimEnd('\n'));
    }

    [Theory]
    [InlineData(ImportedDecisions.Keep, 1, 1, 1)]
    [InlineData(ImportedDecisions.Again, 0, 0, 1)]
    [InlineData(ImportedDecisions.Both, 1, 1, 2)]
    public void Import_WhatToDoWithDecisions_DecidesWhetherPeopleDecideTheItem(ImportedDecisions decisions, int imported, int decided,
        int wanted)
    {
        var project = Project(new() { CheckEvery = 0 });
        var file = folder.Write("data.jsonl", """{"prompt": "p", "chosen": "a", "rejected": "b", "votes": [7, 3], "topic": "pool"}""");
        Assert.Equal(new(1, 0, imported), store.Imports.Add(project, Read(project, file), owner.Id, decisions));
        var item = Assert.Single(Items(project));
        Assert.Equal((decided, wanted), (item.Decided, item.Wanted));
        Assert.Equal(imported == 1 ? ["topic", "imported"] : ["topic"], item.Extra!.Select(field => field.Key));
        Assert.Equal(wanted - decided, store.Queue.Next(project, owner.Id, 1).Items.Count);
        store.Projects.Change(project.Id, project.Name, project.Settings with { Overlap = 3 }, owner.Id);
        Assert.Equal(decisions == ImportedDecisions.Both ? 4 : 3, Items(project)[0].Wanted);
    }

    [Fact]
    public void Export_FieldsOfTheImportedRow_AreKept()
    {
        var project = Project(new());
        Import(project, """{"prompt":"p","chosen":"a","rejected":"b","source":"ultrachat","item":"mine","text":"t","score":1}""",
            """{"prompt":"q","chosen":"a","rejected":"b","sources":["new","old"]}""");
        string[] Lines(ExportLayout layout)
        {
            store.Exports.Snapshot(project, new() { Layout = layout }, folder.File($"{layout}"), replace: true);
            return File.ReadAllLines(Path.Combine(folder.File($"{layout}"), "train.jsonl"));
        }
        Assert.Equal("""{"prompt":"p","chosen":"a","rejected":"b","source":"ultrachat","item":"mine","text":"t","score":1}""",
            Lines(ExportLayout.Pairs)[0]);
        Assert.Equal("""{"prompt":"p","completion":"a","label":true,"source":"ultrachat","item":"mine","text":"t","score":1}""",
            Lines(ExportLayout.Kto)[0]);
        Assert.Equal("""{"prompt":"q","completion":"a","label":true,"source":"new","item":2}""", Lines(ExportLayout.Kto)[2]);
    }

    [Fact]
    public void ATranscriptThatDiffersInItsLastTurnIsShownAsAConversation()
    {
        var project = Project();
        Import(project, """{"chosen": "\n\nHuman: hi\n\nAssistant: yes", "rejected": "\n\nHuman: hi\n\nAssistant: no"}""");
        Assert.Equal("""[{"role":"user","content":"hi"}]""", Items(project)[0].Prompt.ToJsonString());
    }

    [Fact]
    public void ATableIsReadToo()
    {
        var project = Project(new());
        var file = folder.Write("data.csv", "prompt,chosen,rejected,votes\n\"p, q\",a,b,\"[3, 1]\"\n");
        store.Imports.Add(project, Read(project, file), owner.Id);
        Assert.Equal("p, q", (string)Items(project)[0].Prompt!);
        Assert.Equal(1, store.Exports.Preview(project, new()).TrainRows);
    }

    [Theory]
    [InlineData("""{"prompt": "p", "completions": ["a", "b", "c"]}""", "data.jsonl, line 2: 2 answers per prompt are needed")]
    [InlineData("""{"prompt": "p", "completions": ["a", 3]}""", "data.jsonl, line 2: 'completions' must be a list of texts")]
    [InlineData("""{"prompt": "p", "completions": ["a", "b"], "sources": ["x"]}""",
        "line 2: 'sources' must have one entry for each of 2 completions (was 1)")]
    [InlineData("""{"prompt": "p", "completions": ["a", "b"], "kind": "check"}""", "line 2: kind check needs 'ranks'")]
    [InlineData("""{"prompt": "p", "completions": ["a", "b"], "ranks": [0, 1], "kind": "chek"}""",
        "line 2: 'kind' must be check, calibration or normal (was chek)")]
    [InlineData("""{"prompt": "p", "completions": ["a", "b"], "ranks": [0]}""", "line 2: 'ranks' must have one rank for each")]
    [InlineData("""{"prompt": "p", "completions": ["a", "b"], "pairs": [{"better": 0, "worse": 1}]}""",
        "line 2: 'pairs' cannot be imported")]
    [InlineData("""{"prompt": "p"}""", "line 2: a row needs 'prompt' and 'completions'")]
    [InlineData("""{"prompt": "p", "completion": "a"}""", "line 2: 2 answers per prompt are needed for the task 'Pairwise' (was 1)")]
    [InlineData("""{"prompt": "\ud800", "completions": ["a", "b"]}""", "line 2: 'prompt' contains a lone surrogate")]
    [InlineData("""{"prompt": "p", "completions": ["a", "b"], "note": ["\ud800"]}""",
        "line 2: 'note' contains a lone surrogate")]
    [InlineData("""{"prompt": "p", """, "line 2, column 17: this is not valid JSON: expected a name in double quotation marks")]
    public void AWrongRowIsNamedByFileAndLineAndNothingIsAdded(string line, string expected)
    {
        var project = Project(new());
        var error = Assert.Throws<InvalidDataException>(() => Import(project, """{"prompt": "fine", "completions": ["a", "b"]}""", line));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Items(project));
    }

    [Fact]
    public void ADemonstrationIsAnItemToRate()
    {
        var project = Project(new() { Task = TaskKind.Rating, RatingLevels = 5 });
        Import(project, """{"prompt": "p", "completion": "a", "label": true, "source": "sft"}""");
        Assert.Equal(("a", "sft"), ((string)Items(project)[0].Answers[0].Text!, Items(project)[0].Answers[0].Source));
        Assert.Contains("this project collects ratings", Assert.Throws<InvalidDataException>(() =>
            Import(project, """{"prompt": "p", "chosen": "a", "rejected": "b"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ManyRows_LetsOthersInWhileItRuns()
    {
        var project = Project(new());
        var rows = Read(project, Pairs(10_000));
        var import = Task.Run(() => store.Imports.Add(project, rows, owner.Id), TestContext.Current.CancellationToken);
        var seen = new HashSet<long>();
        while (!import.IsCompleted)
            seen.Add(store.Projects.Progress(project.Id).Items);
        Assert.Equal(new(10_000, 0, 10_000), await import);
        Assert.Contains(seen, count => count is > 0 and < 10_000);
        Assert.Equal(new(10_000, 10_000, 10_000, 10_000), store.Projects.Progress(project.Id));
        Assert.Equal("10,000 items", Assert.Single(store.Audit.Newest(project.Id), entry => entry.Action == "items added").Subject);
    }

    [Fact]
    public void Open_AfterAnInterruptedImport_CompletesIt()
    {
        var project = Project(new());
        var rows = Read(project, Pairs(5000));
        store.Imports.Save(_ => project.Id, rows, owner.Id, ImportedDecisions.Keep, TestContext.Current.CancellationToken);
        Assert.Equal(0, store.Projects.Progress(project.Id).Items);
        Assert.Contains("items are being imported", Assert.Throws<InvalidDataException>(() => store.Projects.Change(
            project.Id, project.Name, new() { Task = TaskKind.Ranking }, owner.Id)).Message, StringComparison.Ordinal);
        store.Dispose();
        using var opened = PreferenceStore.Open(empty.Address);
        Assert.Equal(new(5000, 5000, 5000, 5000), opened.Projects.Progress(project.Id));
        Assert.Equal(["0", "1"], opened.Items.Page(project.Id, 0, 2).Select(item => (string)item.Prompt!));
        Assert.Equal("imported", opened.People.Find(opened.Annotations.ForItem(project.Id, 1)[0].Person)!.Name);
        opened.Projects.Change(project.Id, "free", project.Settings, owner.Id);
    }

    [Fact]
    public void Import_Cancelled_LeavesNothing()
    {
        var project = Project(new());
        var rows = Read(project, Pairs(10));
        var cancelled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(() => store.Imports.Add(project, rows, owner.Id, cancellation: cancelled));
        Assert.Throws<OperationCanceledException>(() => store.Imports.AddProject("new", rows, owner.Id, cancellation: cancelled));
        Assert.Null(store.Projects.Find("new"));
        store.Imports.Add(project, Read(project, Pairs(1)), owner.Id);
        Assert.Single(Items(project));
    }

    [Fact]
    public void Import_TaskChangedAfterReading_AddsNothing()
    {
        var project = Project(new());
        var rows = Read(project, Pairs(1));
        store.Projects.Change(project.Id, project.Name, new() { Task = TaskKind.Ranking }, owner.Id);
        Assert.Contains("import the file again", Assert.Throws<InvalidDataException>(() => store.Imports.Add(project, rows, owner.Id))
            .Message, StringComparison.Ordinal);
        Assert.Empty(Items(project));
    }

    public void Dispose()
    {
        store.Dispose();
        empty.Dispose();
        folder.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteImportTests() : ImportTests(StoreKind.Sqlite);

public sealed class PostgresImportTests() : ImportTests(StoreKind.Postgres);
