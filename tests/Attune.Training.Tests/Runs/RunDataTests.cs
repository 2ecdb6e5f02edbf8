using Attune.Data;
using Attune.Testing;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Runs;

/// <summary>What a run does about its data before the first step, and what it keeps of them.</summary>
public sealed class RunDataTests : IDisposable
{
    readonly TinyRuns runs = new();
    readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        runs.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Resume_DataChanged_IsRefused()
    {
        var file = folder.Write("sft.jsonl", Lines(40, "a"));
        var display = new RecordingDisplay(cancelAfter: 3);
        var recipe = Sft(new() { Train = file });
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", recipe, display, display.Token));
        folder.Write("sft.jsonl", Lines(41, "a"));
        var message = Assert.Throws<InvalidDataException>(() => runs.Resume("run")).Message;
        Assert.Contains($"`data.train` changed since the run began: it was 40 rows of {file} (SHA-256 ", message);
        Assert.Contains($"and is 41 rows of {file}", message);
        folder.Write("sft.jsonl", Lines(40, "b"));
        Assert.Throws<InvalidDataException>(() => runs.Resume("run"));
        folder.Write("sft.jsonl", Lines(40, "a"));
        Assert.True(runs.Resume("run").IsFinished);
    }

    [Theory]
    [InlineData("train-00000-of-00002.jsonl", "test-00000-of-00001.jsonl")]
    [InlineData("train/0.jsonl", "validation/0.jsonl")]
    [InlineData("my_train.jsonl", "my_dev.jsonl")]
    public void Train_FolderWithSplits_HoldsOutTheFilesThatAreNamedSo(string train, string test)
    {
        folder.Write($"data/{train}", Lines(12, "a"));
        folder.Write($"data/{test}", Lines(5, "b"));
        var display = new RecordingDisplay();
        var run = runs.Start("sft", Sft(new() { Train = folder.File("data") }), display);
        Assert.Contains($"{folder.File("data")} has files for validation or tests, by their names: they are held out", display.Notices);
        Assert.Equal(12, File.ReadLines(Path.Combine(run.Path, "trained-rows.txt")).Count());
    }

    [Fact]
    public void Train_FolderWithoutTrainingFiles_IsReadWhole()
    {
        folder.Write("data/test-1.jsonl", Lines(12, "a"));
        folder.Write("data/part-2.jsonl", Lines(8, "b"));
        var run = runs.Start("sft", Sft(new() { Train = folder.File("data"), HeldOutShare = 0 }));
        Assert.Equal(20, File.ReadLines(Path.Combine(run.Path, "trained-rows.txt")).Count());
    }

    [Fact]
    public void Train_HeldOutWithoutRows_IsRefused()
    {
        var data = new DataOptions { Train = folder.Write("sft.jsonl", Lines(8, "a")), HeldOut = folder.Write("empty.jsonl", "") };
        Assert.Contains("`data.heldOut`: ", Assert.Throws<InvalidDataException>(() => runs.Start("sft", Sft(data))).Message);
    }

    [Fact]
    public void Train_HeldOutOfWhichNothingIsLeft_IsSaid()
    {
        var same = folder.Write("same.jsonl", "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"b\"}\n");
        var recipe = (DpoRecipe)runs.Recipe("dpo", "run", steps: 1);
        var display = new RecordingDisplay();
        runs.Start("dpo", recipe with { Data = recipe.Data with { HeldOut = same } }, display);
        Assert.Contains($"there is no evaluation: every example of {same} was left out", display.Notices);
    }

    [Fact]
    public void Train_KtoRowsBySft_IsRefused()
    {
        var file = folder.Write("kto.jsonl", "{\"prompt\":\"wave:\",\"completion\":\" bad answer\",\"label\":false}\n");
        Assert.Contains("line 1: sft reads demonstrations", Refused(new() { Train = file }));
        Assert.Contains("`data.side` is for sft and pretrain",
            Assert.Throws<InvalidDataException>(
                () => new DataOptions { Side = PairSide.Chosen }.For(MethodCatalog.Find("reward")!)).Message);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void Pretrain_TokenWithoutAnEmbedding_NamesTheLine(string family)
    {
        using var own = new TinyRuns(family);
        ModelFolder.LoadTokenizer(own.LanguageModel).WithSpecialTokens(unk: "<far>").Save(own.LanguageModel);
        var settings = Path.Combine(own.LanguageModel, "tokenizer_config.json");
        File.WriteAllText(settings, File.ReadAllText(settings).Replace("\"unk_token\"", "\"another_token\"", StringComparison.Ordinal));
        var file = folder.Write("documents.jsonl", "{\"text\":\"The cat says meow.\"}\n{\"text\":\"The cat <far>\"}\n");
        var recipe = (PretrainRecipe)own.Recipe("pretrain", "run");
        var error = Assert.Throws<InvalidDataException>(
            () => own.Start("pretrain", recipe with { Model = own.LanguageModel, Data = new() { Train = file } }));
        Assert.StartsWith($"{file}, line 2: the token '<far>' has the id ", error.Message);
    }

    [Fact]
    public void Train_FieldsThatAreNotUsed_AreNamedBeforeTheFirstStep()
    {
        var file = folder.Write("sft.jsonl", Lines(8, "a").Replace("}", ",\"id\":1}", StringComparison.Ordinal));
        var display = new RecordingDisplay();
        runs.Start("sft", Sft(new() { Train = file }, steps: 1), display);
        Assert.Contains($"{file}: sft does not use `id`", display.Notices);
        Assert.Contains($"{file}: 8 rows read as demonstrations (prompt, completion)", display.Notices);
    }

    [Theory]
    [InlineData("sft", 3, null)]
    [InlineData("sft", 0.9, null)]
    [InlineData("sft", 50, "`optimizer.schedule.warmup` is 50 steps, but the run has 4 steps: the warm-up is shortened to 3 steps")]
    [InlineData("ppo", 4, "`optimizer.schedule.warmup` is 4 steps, but the run has 4 steps: the warm-up is shortened to 3 steps")]
    public void Train_WarmupLongerThanTheRun_IsReportedBeforeTheFirstStep(string method, double warmup, string? expected)
    {
        var schedule = new ScheduleOptions { Warmup = warmup };
        var recipe = runs.Recipe(method, "run", steps: 4);
        recipe = recipe is SftRecipe sft
            ? sft with { Optimizer = sft.Optimizer with { Schedule = schedule } }
            : (PpoRecipe)recipe with { Optimizer = ((PpoRecipe)recipe).Optimizer with { Schedule = schedule } };
        var display = new RecordingDisplay(cancelAfter: 1);
        Assert.Throws<OperationCanceledException>(() => runs.Start(method, recipe, display, display.Token));
        var notices = display.Notices.Where(notice => notice.Contains("warmup", StringComparison.Ordinal)).ToList();
        Assert.Equal(expected is null ? 0 : 1, notices.Count);
        Assert.StartsWith(expected ?? "", notices.FirstOrDefault(""), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OneSideOfPairs_LearnsFromIt()
    {
        var pairs = folder.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i =>
            $"{{\"prompt\":\"The cat says\",\"chosen\":\" meow {i}.\",\"rejected\":\" woof {i}.\"}}\n")));
        var chosen = folder.Write("chosen.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i =>
            $"{{\"prompt\":\"The cat says\",\"completion\":\" meow {i}.\"}}\n")));
        var fromPairs = runs.Start("sft", Sft(new() { Train = pairs, Side = PairSide.Chosen }, steps: 2));
        var fromChosen = runs.Start("sft", Sft(new() { Train = chosen }, steps: 2, output: "other"));
        Assert.Equal(TinyRuns.Weights(fromChosen), TinyRuns.Weights(fromPairs));
    }

    [Fact]
    public void Train_KeepsAHashOfEveryExampleThatItTrainsOn()
    {
        var run = runs.Start("sft", Sft(new() { Train = folder.Write("sft.jsonl", Lines(40, "a")) }, steps: 1));
        var known = File.ReadAllLines(run.TrainedRows);
        Assert.Equal(38, known.Length);
        var rows = Dataset.Read(folder.File("sft.jsonl"));
        Assert.Equal(38, rows.Count(row => known.Contains(DataDigest.Written(DataDigest.HashOf(row, DataUse.Demonstrations)))));
    }

    [Fact]
    public void Read_ColumnsAndIgnore_OfFileAndCommandLine_AreWrittenAgain()
    {
        var file = folder.Write("recipe.yaml", "method: sft\nmodel: m\ndata:\n  train: a\n  columns: {prompt: \"the question\"}\n");
        var (_, first) = RecipeReader.Read(null, file, ["data.ignore=[label, id]", "side=chosen"]);
        var written = folder.Write("written.yaml", RecipeWriter.Write("sft", first, withComments: true));
        var data = RecipeReader.Read(null, written, []).Recipe.Data;
        Assert.Equal(new Dictionary<string, string> { ["prompt"] = "the question" }, data.Columns);
        Assert.Equal(["label", "id"], data.Ignore);
        Assert.Equal(PairSide.Chosen, data.Side);
        data = RecipeReader.Read(null, written, ["data.columns={prompt: q, completion: a}"]).Recipe.Data;
        Assert.Equal("a", data.Columns["completion"]);
        Assert.Contains("'data.columns' must be a map of texts, such as {prompt: question} (was 'x')",
            Assert.Throws<InvalidDataException>(() => RecipeReader.Read(null, written, ["data.columns=x"])).Message);
    }

    string Refused(DataOptions data) => Assert.Throws<InvalidDataException>(() => runs.Start("sft", Sft(data))).Message;

    SftRecipe Sft(DataOptions data, int steps = 6, string output = "run") =>
        (SftRecipe)runs.Recipe("sft", output, steps) with { Data = data };

    static string Lines(int count, string word) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $"{{\"prompt\":\"The {word} says {i}\",\"completion\":\" meow {i}.\"}}\n"));
}
