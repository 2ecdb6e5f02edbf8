using Attune.Models.Layers;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Offline;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Training.Tests;

/// <summary>The checks of <c>--self-test</c> pass on real models, and fail where the computation is wrong.</summary>
public sealed class SelfTestTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("pretrain", 5)]
    [InlineData("sft", 5)]
    [InlineData("reward", 2)]
    [InlineData("dpo", 2)]
    [InlineData("cpo", 2)]
    [InlineData("orpo", 2)]
    [InlineData("tpo", 2)]
    [InlineData("kto", 2)]
    [InlineData("bco", 2)]
    [InlineData("ppo", 3)]
    public void EveryCheckPassesAndSaysWhatItFound(string method, int checks)
    {
        var display = new RecordingDisplay();
        runs.Start(method, WithSelfTest(runs.Recipe(method, "a", steps: 1)), display);
        Assert.Equal(checks, display.Notices.Count(notice => notice.StartsWith("self-test passed: ", StringComparison.Ordinal)));
        Assert.Contains(display.Notices, notice =>
            notice.Contains("learning rate 0", StringComparison.Ordinal) && notice.EndsWith(": 0", StringComparison.Ordinal));
    }

    [Fact]
    public void TheSelfTestChangesNothingOfTheRun()
    {
        foreach (var method in TinyRuns.Kinds)
        {
            var without = runs.Start(method, runs.Recipe(method, method + "-without", steps: 2));
            var with = runs.Start(method, WithSelfTest(runs.Recipe(method, method + "-with", steps: 2)));
            Assert.Equal(TinyRuns.Weights(without), TinyRuns.Weights(with));
        }
    }

    [Fact]
    public void ALossThatDependsOnBatchMatesStopsTheRun()
    {
        using var scope = TensorScope.Open();
        var model = new Linear(1, 1, hasBias: false, initialStd: 0);
        model.Initialize(new RandomSource(1));
        model.SetTrainable(true);
        var said = new List<string>();
        var error = Assert.Throws<TrainingStoppedException>(
            () => SelfTest.Run([.. model.NamedParameters()], new MeanOfTheBatch(model), [1.0, 2, 4], DType.Float32, said.Add));
        Assert.Contains("nothing was trained", error.Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "self-test FAILED: padding and the other examples of the batch do not change the loss; relative difference: 2", said[0],
                StringComparison.Ordinal);
        Assert.StartsWith("self-test passed: learning rate 0", said[1], StringComparison.Ordinal);
    }

    static IRecipe WithSelfTest(IRecipe recipe) => recipe switch
    {
        PretrainRecipe pretrain => pretrain with { Run = pretrain.Run with { SelfTest = true } },
        RewardRecipe reward => reward with { Run = reward.Run with { SelfTest = true } },
        OfflineRecipe offline => offline with { Run = offline.Run with { SelfTest = true } },
        PolicyRecipe policy => policy with { Run = policy.Run with { SelfTest = true } },
        _ => recipe,
    };

    /// <summary>A common mistake: the mean over the micro-batch instead of the mean over the step.</summary>
    sealed class MeanOfTheBatch(Linear model) : IObjective<double>
    {
        public double Count(IReadOnlyCollection<double> batch) => batch.Count;

        public Loss Compute(IReadOnlyList<double> examples, double count) =>
            new(model.Weight.Value.Sum() * 0 + Tensor.From([.. examples.Select(x => (float)x)], examples.Count)
                .Mean(), new Dictionary<string, Tensor>(StringComparer.Ordinal));

        public int Length(double example) => 1;

        public string Describe(double example) => "";

        public string Summarize(IReadOnlyDictionary<string, double> metrics) => "";
    }
}
