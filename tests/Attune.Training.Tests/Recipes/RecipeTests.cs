using Attune.Data;
using Attune.Testing;
using Attune.Training.Optimizers;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Recipes;

/// <summary>Reading and writing recipes as YAML, and the errors of invalid ones.</summary>
public sealed class RecipeTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public static TheoryData<string> Methods => [.. TinyRuns.Methods];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public void WhatIsWrittenIsReadAgain(string method)
    {
        var defaults = MethodCatalog.Find(method)!.NewRecipe();
        foreach (var withComments in new[] { true, false })
        {
            var file = folder.Write("recipe.yaml", RecipeWriter.Write(method, defaults, withComments));
            var (found, recipe) = RecipeReader.Read(null, file, [.. Required(method), "data.train=a"]);
            Assert.Equal(method, found.Name);
            Assert.Equal(RecipeReader.Read(method, null, [.. Required(method), "data.train=a"]).Recipe, recipe);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void EveryKeyOfAPrintedRecipeIsExplained(string method)
    {
        var lines = RecipeWriter.Write(method, MethodCatalog.Find(method)!.NewRecipe(), withComments: true).Split('\n')[1..];
        for (var at = 1; at < lines.Length; at++)
            if (lines[at].Contains(": ", StringComparison.Ordinal) && lines[at].TrimStart()[0] != '#')
                Assert.StartsWith("# ", lines[at - 1].TrimStart(), StringComparison.Ordinal);
        Assert.True(lines.Count(line => line.TrimStart().StartsWith('#')) > 30);
    }

    [Fact]
    public void EveryKindOfValueIsRead()
    {
        var file = folder.Write("recipe.yaml", """
            model: "a: folder"
            rewardModel: b
            data:
              train: prompts.jsonl
              tooLong: drop
            training: { batchSize: 1_024, epochs: .5 }
            optimizer:
              learningRate: 1e-5
              schedule: { kind: constant }
            ppo:
              klTarget: 6
              klController: adaptive
              whitenRewards: true
            scores:
              scaling: Running
            """);
        var recipe = (PpoRecipe)RecipeReader.Read("ppo", file, ["ppo.klHorizon=5", "gamma=0.9", "batchSize=8"]).Recipe;
        Assert.Equal("a: folder", recipe.Model);
        Assert.Equal(OverlongExamples.Drop, recipe.Data.TooLong);
        Assert.Equal((8, 0.5), (recipe.Training.BatchSize, recipe.Training.Epochs));
        Assert.Equal((1e-5, ScheduleKind.Constant), (recipe.Optimizer.LearningRate, recipe.Optimizer.Schedule.Kind));
        Assert.Equal((6, true, ScoreScaling.Running), (recipe.Kl.Target, recipe.Ppo.WhitenRewards, recipe.Scores.Scaling));
        Assert.Equal((5, 0.9), (recipe.Kl.Horizon, recipe.Ppo.Gamma));
        Assert.Null(((PpoRecipe)RecipeReader.Read("ppo", file, ["klTarget=null", "klController=fixed"]).Recipe).Kl.Target);
    }

    [Fact]
    public void OptionsOfSamplingThatAreListsAreReadAndWritten()
    {
        var file = folder.Write("recipe.yaml", """
            sampling:
              badWords: [sorry, "as an AI"]
              badWordsIds: [[5], [7, 9]]
              suppressTokens: [3, 4]
              sequenceBias: [{ text: " pool", bias: 2.5 }, { tokens: [7, 9], bias: -1 }]
              exponentialDecayLengthPenalty: { start: 20, factor: 1.05 }
            """);
        var first = (PpoRecipe)RecipeReader.Read("ppo", file,
            [.. Required("ppo"), "data.train=a", "sampling.beginSuppressTokens=[8]"]).Recipe;
        var written = folder.Write("written.yaml", RecipeWriter.Write("ppo", first, withComments: true));
        var sampling = ((PpoRecipe)RecipeReader.Read(null, written, []).Recipe).Sampling;
        Assert.Equal(["sorry", "as an AI"], sampling.BadWords);
        Assert.Equal([[5], [7, 9]], sampling.BadWordsIds);
        Assert.Equal([3, 4], sampling.SuppressTokens);
        Assert.Equal([8], sampling.BeginSuppressTokens);
        Assert.Equal([(" pool", 2.5), ("", -1)], sampling.SequenceBias.Select(bias => (bias.Text, bias.Bias)));
        Assert.Equal([7, 9], sampling.SequenceBias[1].Tokens);
        Assert.Equal(new() { Start = 20, Factor = 1.05 }, sampling.ExponentialDecayLengthPenalty);
    }

    /// <summary>In a file and on the command line, as a list, and as a key of an item.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public void Read_FormerKeyGold_IsReadAsGoldRewardWithANotice(string method)
    {
        var file = folder.Write("former.yaml", $$"""
            method: {{method}}
            model: a
            data: { train: b }
            rewards: [{ kind: json }]
            gold: [{ kind: length }]
            """);
        Assert.Equal("length", Assert.Single(GoldReward(file)).Kind);
        Assert.Equal(3, Assert.Single(GoldReward(file, "gold.0.weight=3")).Weight);
        Assert.Equal("json", Assert.Single(GoldReward(file, "gold=[{kind: json}]")).Kind);

        IReadOnlyList<RewardOptions> GoldReward(string file, params string[] words)
        {
            var notices = new List<string>();
            var recipe = (PolicyRecipe)RecipeReader.Read(method, file, words, notices.Add).Recipe;
            Assert.Equal(Enumerable.Repeat("`gold` is now called `goldReward`", 1 + words.Length), notices);
            Assert.DoesNotContain("\ngold:", RecipeWriter.Write(method, recipe, withComments: false), StringComparison.Ordinal);
            return recipe.GoldReward;
        }
    }

    [Fact]
    public void AllMistakesOfAFileAreSaidWithTheirLinesAtOnce()
    {
        var file = folder.Write("recipe.yaml", """
            modell: a
            training:
              batchSize: many
              epochs: [1, 2]
            optimizer: 1e-5
            data:
              tooLong: -1
              {a: b}: c
            [a, b]: c
            """);
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read("sft", file, ["epohs=2", "kind", "seed=1.5"])).Message;
        foreach (var expected in new[]
        {
            "line 1: 'modell' is not a key of this recipe. Did you mean 'model'?",
            "line 3: 'training.batchSize' must be an integer (was 'many')",
            "line 4: 'training.epochs' must be a number (was a list)",
            "line 5: 'optimizer' must be a section with keys: ",
            "line 7: 'data.tooLong' must be one of truncate, drop (was '-1')",
            "line 8: the name of a key must be a text (was a section)",
            "line 9: the name of a key must be a text (was a list)",
            "'epohs' is not a key of this recipe. Did you mean 'epochs'?",
            "'kind' must have the form key=value",
            "'run.seed' must be an integer (was '1.5')",
        })
            Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void AllValuesThatMakeNoSenseAreSaidAtOnce()
    {
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read(
            "ppo", null, ["data.train=a", "model=b", "temperature=0", "topP=0.9", "kl.estimator=full", "training.batchSize=0", "workers=-1",
                "updates.epochs=0"])).Message;
        foreach (var key in new[]
        {
            "rewardModel", "sampling.temperature", "kl.estimator", "training.batchSize", "training.workers", "updates.epochs",
        })
            Assert.Contains($"\n  `{key}` must ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void SizesOfANewModelThatMakeNoSenseAreSaidAtOnce()
    {
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read(
            "pretrain", null,
                ["data.train=a", "family=lama", "layers=0", "width=130", "heads=4", "newModel.dropout=1", "vocabularySize=10",
                "rowLength=-1", "training.workers=2", "training.microBatchSize=0"])).Message;
        foreach (var key in new[]
        {
            "newModel.family", "newModel.layers", "newModel.width", "newModel.dropout", "tokenizer.vocabularySize", "pretrain.rowLength",
            "training.workers",
        })
            Assert.Contains($"\n  `{key}` must ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bytePair", 300, "<|endoftext|>")]
    [InlineData("wordPiece", 40, "[MASK]")]
    [InlineData("unigram", 140, "<extra_id_99>")]
    public void ATokenizerOfEachKindIsTrained(string kind, int size, string special)
    {
        var recipe = (PretrainRecipe)RecipeReader.Read(
            "pretrain", null, ["data.train=a", $"tokenizer.kind={kind}", $"tokenizer.vocabularySize={size}"]).Recipe;
        var tokenizer = recipe.Tokenizer.Train(["One text, and one more text: words, words and words."]);
        Assert.True(tokenizer.IsSpecial(tokenizer.TokenToId(special)!.Value));
        Assert.InRange(tokenizer.VocabularySize, size / 2, size);
    }

    [Theory]
    [InlineData("`tokenizer.vocabularySize` must be at least 6: ", "tokenizer.kind=wordPiece", "tokenizer.vocabularySize=5")]
    [InlineData("`tokenizer.vocabularySize` must be at least 104: ", "tokenizer.kind=unigram", "tokenizer.vocabularySize=103")]
    [InlineData("`tokenizer.sentinels` must be at least 0 (was -1).", "tokenizer.kind=unigram", "tokenizer.sentinels=-1")]
    [InlineData("'tokenizer.kind' must be one of bytePair, wordPiece, unigram", "tokenizer.kind=sentencePiece")]
    public void ATokenizerThatCannotBeTrainedIsSaid(string expected, params string[] overrides) => Assert.Contains(
        expected,
        Assert.Throws<InvalidDataException>(() => RecipeReader.Read("pretrain", null, ["data.train=a", .. overrides])).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("method: reward\nmodel: a\n", "is a recipe for reward, not for sft")]
    [InlineData("method: [", "recipe.yaml, line 1, column 9: the list that begins here with '[' is not closed")]
    [InlineData("data: [a, b\nx: 1\n", "recipe.yaml, line 1, column 7: the list that begins here with '[' is not closed")]
    [InlineData("- a\n- b\n", "must have keys with values")]
    public void AFileOfAnotherKindIsSaid(string text, string expected) =>
        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => RecipeReader.Read("sft", folder.Write("recipe.yaml", text), [])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void AMethodThatIsNotKnownGetsTheNearestName() => Assert.Contains(
        "Did you mean 'reward'?",
        Assert.Throws<InvalidDataException>(() => RecipeReader.Read(null, folder.Write("recipe.yaml", "method: rewards\n"), [])).Message,
        StringComparison.Ordinal);

    static string[] Required(string method) => MethodCatalog.Find(method)!.NewRecipe() switch
    {
        GkdRecipe or MiniLlmRecipe => ["model=m", "teacher=t"],
        OfflineRecipe => ["model=m"],
        PolicyRecipe => ["model=m", "rewardModel=r"],
        _ => [],
    };
}
