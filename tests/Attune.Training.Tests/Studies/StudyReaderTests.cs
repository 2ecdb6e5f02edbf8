using Attune.Testing;
using Attune.Training.Studies;

namespace Attune.Training.Tests.Studies;

/// <summary>Reading study files, and the errors of invalid ones.</summary>
public sealed class StudyReaderTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly TinyRuns tiny = new();

    public void Dispose()
    {
        folder.Dispose();
        tiny.Dispose();
    }

    string Recipe => folder.Write("ppo.yaml", $$"""
        method: ppo
        model: {{tiny.LanguageModel}}
        rewardModel: {{tiny.RewardModel}}
        run: { device: cpu, threads: 1 }
        data: { train: {{TinyPrompts()}} }
        training: { steps: 3, batchSize: 4 }
        """);

    string Good => $"""
        recipe: {Recipe}
        output: {folder.File("runs")}
        seeds: [4, 5]
        set: [ppo.gamma=0.9]
        groups:
          - name: Price
            base: beta 0.05
            variants:
              - name: beta 0.1
                set: [kl.coef=0.1]
              - name: None at all
                set: [kl.coef=0, training.steps=2]
        """;

    [Fact]
    public void EveryVariantIsARunWithEverySeedInItsOwnFolder()
    {
        var study = StudyReader.Read(folder.Write("mine.yaml", Good));
        Assert.Equal(
            ["base/seed-4", "beta-0.1/seed-4", "none-at-all/seed-4", "base/seed-5", "beta-0.1/seed-5", "none-at-all/seed-5"],
            study.Runs.Select(run => run.Run.Name));
        var last = (Training.Recipes.PpoRecipe)study.Runs[^1].Recipe;
        Assert.Equal((0, 0.9, 2, 5, folder.File("runs/none-at-all/seed-5")),
            (last.Kl.Coef, last.Ppo.Gamma, last.Training.Steps, last.Run.Seed, last.Run.Output));
        Assert.Equal("mine", study.Study.Name);
    }

    [Fact]
    public void WordsBehindTheCommandCountInEveryRunAndLessThanAVariant()
    {
        var study = StudyReader.Read(folder.Write("mine.yaml", Good), folder.File("other"), ["klCoef=0.7", "training.steps=9"]);
        Assert.Equal([(0.7, 9), (0.1, 9), (0, 2)], study.Runs.Take(3)
            .Select(run => (((Training.Recipes.PpoRecipe)run.Recipe).Kl.Coef, run.Recipe.Training.Steps)));
        Assert.Equal(folder.File("other/base/seed-4"), study.Runs[0].Run.Folder.Path);
    }

    [Fact]
    public void AllMistakesAreSaidAtOnce()
    {
        var message = Refused($"""
            recipe: {Recipe}
            ouput: x
            seeds: [1, one, 1]
            groups:
              - name: Price
                variants:
                  - name: a b
                    st: [kl.coef=1]
                  - name: a-B
                    set: [run.seed=3]
            """);
        foreach (var part in new[]
        {
            "line 2: 'ouput' is not a key of this study. Did you mean 'output'?", "`output` must name a folder (was empty).",
            "'seeds.1' must be an integer (was 'one')", "`seeds` must be different (was [1, 1]).",
            "line 8: 'groups.0.variants.0.st' is not a key of this study. Did you mean 'set'?", "two have 'a-b'", "'run.seed=3'",
        })
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void MistakesInRecipesAreSaidWithTheirVariantAndThoseOfTheBaseOnce()
    {
        var message = Refused(Good.Replace("ppo.gamma=0.9", "ppo.gama=0.9", StringComparison.Ordinal)
            .Replace("[kl.coef=0.1]", "[klCof=0.1, sampling.temperature=0]", StringComparison.Ordinal));
        Assert.Equal(1, message.Split("Did you mean 'ppo.gamma'").Length - 1);
        Assert.Equal(1, message.Split("beta 0.1: 'klCof' is not a key").Length - 1);
        Assert.Contains("beta 0.1: `sampling.temperature` must be above 0", message, StringComparison.Ordinal);
    }

    [Fact]
    public void AVariantThatIsTheBaseIsRefused() =>
        Assert.Contains(
            "beta 0.1: its recipe is the same as the base's", Refused(
                Good.Replace("[kl.coef=0.1]", "[kl.coef=0.05]", StringComparison.Ordinal)),
            StringComparison.Ordinal);

    [Fact]
    public void Read_VariantWithARecipeOfAnotherMethod_TrainsByThatMethod()
    {
        var other = folder.Write("dpo.yaml", $$"""
            method: dpo
            model: {{tiny.LanguageModel}}
            data: { train: {{TinyPrompts()}} }
            training: { steps: 5 }
            """);
        var text = Good.Replace("ppo.gamma=0.9", "run.threads=1", StringComparison.Ordinal)
            .Replace("[kl.coef=0.1]", $"[dpo.beta=0.2]\n        recipe: {other}", StringComparison.Ordinal);
        var runs = StudyReader.Read(folder.Write("mine.yaml", text)).Runs;
        Assert.Equal(["ppo", "dpo", "ppo"], runs.Take(3).Select(run => run.Method.Name));
        Assert.Equal((0.2, 1, 5), (((Training.Recipes.DpoRecipe)runs[1].Recipe).Dpo.Beta, runs[1].Recipe.Run.Threads, runs[1].Run.Steps));
    }

    [Fact]
    public void FilesThatAreMissingAreSaidOnce()
    {
        var message = Refused(Good.Replace("[ppo.gamma=0.9]", "[model=no/such/model, ppo.gamma=0.9]", StringComparison.Ordinal));
        Assert.Equal(1, message.Split("`model` must be an existing folder (was no/such/model,").Length - 1);
    }

    [Fact]
    public void AFolderThatIsLeftEmptyIsNotMissing() =>
        Assert.Equal(6, StudyReader.Read(folder.Write("mine.yaml", Good), null, ["rewards=[{kind: process, command: cat}]"]).Runs.Count);

    [Fact]
    public void RunsWithoutANumberOfStepsAreRefused() =>
        Assert.Contains(
            "training.steps", Refused(Good.Replace("[ppo.gamma=0.9]", "[training.steps=0]", StringComparison.Ordinal)),
            StringComparison.Ordinal);

    [Fact]
    public void AFolderWithARunOfAnotherRecipeIsRefusedByWhatDiffers()
    {
        var good = folder.Write("mine.yaml", Good);
        var run = StudyReader.Read(good).Runs[1];
        Directory.CreateDirectory(run.Run.Folder.Path);
        File.WriteAllText(
            run.Run.Folder.Recipe, Training.Recipes.RecipeWriter.Write("ppo", run.Recipe.WithFullPaths(), withComments: false));
        Assert.Equal(6, StudyReader.Read(good).Runs.Count);

        var message = Refused(Good.Replace("[kl.coef=0.1]", "[kl.coef=0.2]", StringComparison.Ordinal));
        Assert.Contains(
            "beta-0.1/seed-4 has another run: it has 'coef: 0.1', this study has 'coef: 0.2'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunStartsGoesOnWhereItWasStoppedAndIsLeftWhenItIsFinished()
    {
        var study = StudyReader.Read(folder.Write("mine.yaml", Good), null, ["sampling.maxNewTokens=4"]);
        var run = study.Runs[0];
        var stopping = new RecordingDisplay(cancelAfter: 2);
        Assert.Throws<OperationCanceledException>(() => run.Train(stopping, stopping.Token));
        Assert.False(run.Run.Folder.IsFinished);

        var resuming = new RecordingDisplay();
        run.Train(resuming, default);
        Assert.Equal((2, 3), resuming.Began);
        Assert.True(run.Run.Folder.IsFinished);
        Assert.Equal(1, study.Study.Finished);

        var leaving = new RecordingDisplay();
        run.Train(leaving, default);
        Assert.Empty(leaving.Steps);
    }

    [Fact]
    public void EveryShippedStudyBinds()
    {
        foreach (var recipe in Directory.GetFiles(Repository.PathTo("recipes"), "*.yaml"))
            folder.Write($"recipes/{Path.GetFileName(recipe)}", Here(File.ReadAllText(recipe)));
        var shipped = Directory.GetFiles(Repository.PathTo("studies"), "*.yaml");
        Assert.NotEmpty(shipped);
        foreach (var file in shipped)
        {
            string[] data = [$"data.train={TinyPrompts()}", $"data.heldOut={TinyPrompts()}"];
            var study = StudyReader.Read(folder.Write(Path.GetFileName(file), Here(File.ReadAllText(file))), null, data);
            Assert.Equal(3, study.Study.Options.Seeds.Count);
        }

        string Here(string text) => new[]
        {
            ("recipes/", folder.File("recipes") + "/"), ("data/", Repository.PathTo("data") + "/"),
            ("runs/quickstart/2-sft/model", tiny.LanguageModel), ("runs/quickstart/4-reward/model", tiny.RewardModel),
            ("runs/random-walks/pretrain/model", tiny.LanguageModel), ("runs/increasing-numbers/pretrain/model", tiny.LanguageModel),
            ("runs/prm-pretrain/model", tiny.LanguageModel), ("runs/studies", folder.Path),
        }.Aggregate(text, (changed, path) => changed.Replace(path.Item1, path.Item2, StringComparison.Ordinal));
    }

    string TinyPrompts() => Attune.Testing.Models.TinyData.Prompts(folder);

    string Refused(string text) => Assert.Throws<InvalidDataException>(() => StudyReader.Read(folder.Write("mine.yaml", text))).Message;
}
