using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Tests.Rewards;

public sealed class RewardModelSourceTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly TinyRuns runs = new();

    public void Dispose()
    {
        runs.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void AnEncoderReadsPromptAndAnswerAsItReadThemInTraining()
    {
        var (words, bytes) = (TinyData.WordPieces, TinyData.Tokenizer);
        var model = New();
        var source = new RewardModelSource(model, words, bytes);
        var prompt = new TokenPrompt(bytes.Encode("The Cat says"), "The Cat says");
        var rollouts =
            Rollouts.From(
            [prompt, prompt],
            [Answer([.. bytes.Encode(" meow."), bytes.EosId!.Value], ended: true), Answer(bytes.Encode(" meow"), ended: false)],
            Device.Cpu);

        var ranking = new TextEncoder(words, 48)
            .EncodeComparisons(new ComparisonExample(new("", 1), "The Cat says", [" meow.", " no"], ComparisonSet.FromRanks(0, 1)))!;
        int[] whole = [words.ClsId!.Value, .. words.Encode("the cat says meow."), words.SepId!.Value];
        Assert.Equal(whole, ranking.Texts[0]);
        var expected = source.Score([whole, [.. whole[..^2]]]);
        Numeric.Close(expected, Array.ConvertAll(source.Score(rollouts).Totals, score => (float)score), "scores", 1e-6, 0);

        static Response Answer(int[] tokens, bool ended) => new(tokens, new float[tokens.Length], new float[tokens.Length], ended);
    }

    [Fact]
    public void ATextLongerThanTheContextKeepsWhatItBeginsWith()
    {
        var encoder = new TextEncoder(TinyData.WordPieces, 8);
        int[] text = [TinyData.WordPieces.ClsId!.Value, .. Enumerable.Range(20, 9), TinyData.WordPieces.SepId!.Value];
        Assert.Equal([text[0], .. text[^7..]], encoder.Truncate(text));
        Assert.Equal(text[..8], encoder.Truncate(text[..8]));
    }

    [Fact]
    public void AnEncoderJudgesAPolicyThatHasAnotherTokenizer()
    {
        var reward = runs.Start("reward", runs.Recipe("reward an encoder", "reward"));
        var display = new RecordingDisplay();
        var recipe = (PpoRecipe)runs.Recipe("ppo", "ppo", steps: 2);
        Assert.True(runs.Start("ppo", recipe with { RewardModel = reward.Model }, display).IsFinished);
        Assert.True(display.Steps.All(step => double.IsFinite(step["objective/scores"])));
    }

    [Fact]
    public void SeveralModelsAreOneReward()
    {
        var other = runs.PathTo("other");
        using (var random = new RandomSource(9))
        {
            var config = Pretrained.ReadConfig(runs.RewardModel);
            ModelFolder.Save(other, Pretrained.NewRewardModel(config, random, heads: 2), TinyData.Tokenizer);
        }
        var policy = new Policy(Pretrained.LoadLanguageModel(runs.LanguageModel), TinyData.Tokenizer, new() { MaxNewTokens = 4 });
        int[] tokens = TinyData.Tokenizer.Encode("The cat says");
        var rollouts = Rollouts.From([new(tokens, "The cat says")], [new([20, 21], [0, 0], [0, 0], false)], Device.Cpu);
        var one = Score(new() { Model = runs.RewardModel });
        var (mean, least) = (Score(new() { Model = other }), Score(new() { Model = other, Combine = EnsembleCombination.Minimum }));
        double[] members = [one, least, 2 * mean - least];
        string[] models = [runs.RewardModel, other];
        Assert.Equal(members.Average(), Score(new() { Models = models }), 1e-5);
        Assert.Equal(members.Min(), Score(new() { Models = models, Combine = EnsembleCombination.Minimum }), 1e-5);
        Assert.Equal(
            members.Average() - 3 * members.PopulationStandardDeviation(),
            Score(new() { Models = models, Combine = EnsembleCombination.Deviations, Deviations = 3 }), 1e-5);
        Assert.Equal(
            "`models` must be empty where model names a folder (was [\"b\"]).",
            Assert.Single(Validation.Check(new ModelReward { Model = "a", Models = ["b"] })));

        double Score(ModelReward reward) => reward.Build(new(policy)).Score(rollouts).Totals[0];
    }

    static RewardModel New()
    {
        using var random = new RandomSource(1);
        var shape = new ModelShape { Family = "bert", Layers = 1, Width = 32, Heads = 2, Context = 48 };
        return Pretrained.NewRewardModel(shape.ToConfig(TinyData.WordPieces.VocabularySize, null, null, TinyData.WordPieces.PadId), random);
    }
}
