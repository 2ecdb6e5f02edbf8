using Attune.Data;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>KTO as a run: its baseline, its weights, and what its notices say.</summary>
public sealed class KtoTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Loss_BeforeTraining_IsHalfAndTheMarginGrowsWithTraining()
    {
        var display = new RecordingDisplay();
        runs.Start("kto", Recipe("a", steps: 30), display);
        Numeric.Close(0.5, display.Steps[0]["loss"], "loss", 1e-5);
        Assert.Equal(0, display.Steps[0]["kl_baseline"], 1e-5);
        AssertMargin(display);
    }

    [Theory]
    [InlineData(KtoLoss.Kto)]
    [InlineData(KtoLoss.ApoZeroUnpaired)]
    public void Weights_BeforeTraining_MultiplyTheLossOfTheirLabel(KtoLoss loss)
    {
        var display = new RecordingDisplay();
        var recipe = Recipe("a", steps: 1);
        runs.Start("kto", recipe with
        {
            Training = recipe.Training with { BatchSize = 36 },                                     // all rows: 18 of each label
            Data = recipe.Data with { HeldOutShare = 0 },
            Kto = new() { Loss = loss, DesirableWeight = 2, UndesirableWeight = 0.5 },
        }, display);
        Numeric.Close(0.5 * (2 + 0.5) / 2, display.Steps[0]["loss"], "loss", 1e-5);
        Assert.Contains(display.Notices, notice => notice.Contains("`kto.undesirableWeight` between 1.5 and 2", StringComparison.Ordinal));
    }

    [Fact]
    public void Mismatched_Examples_TakeTheResponsesOfTheNext()
    {
        using var scope = TensorScope.Open();
        TokenLabels[] examples =
        [
            new([[1, 2, 10, 11], [1, 2, 12]], 2, [true, false]),
            new([[3, 20]], 1, [true]),
            new([[4, 5, 6, 30, 31, 32]], 3, [false]),
        ];
        var mismatched = LabelBatch.Mismatched(examples, context: 4, Device.Cpu);
        Assert.Equal([[1, 2], [1, 2], [3], [4, 5, 6]], mismatched.Prompts.Select(prompt => prompt.Tokens));
        Assert.Equal([[20], [20], [30, 31, 32], [10]], mismatched.Tokens);                          // the last one is cut to the context
        Assert.Equal([10, 11], LabelBatch.Mismatched(examples, context: null, Device.Cpu).Tokens[3]);
    }

    [Fact]
    public void BatchOfOne_WithoutMismatchedPairs_IsRefusedUnlessTheLossHasNoBaseline()
    {
        var recipe = Recipe("a", steps: 1);
        recipe = recipe with { Training = recipe.Training with { BatchSize = 1, MicroBatchSize = 0 } };
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("kto", recipe));
        Assert.StartsWith("`training.batchSize` must be at least 2 where kto.loss is kto", error.Message, StringComparison.Ordinal);
        runs.Start("kto", recipe with { Kto = new() { Loss = KtoLoss.ApoZeroUnpaired } });
    }

    [Fact]
    public void Evaluation_OfOneExample_HasTheBaselineZero()
    {
        var recipe = Recipe("a", steps: 3);
        var one = runs.PathTo("one.jsonl");
        File.WriteAllText(one, """{"prompt":"The cat says","completion":" meow.","label":true}""" + "\n");
        var run = runs.Start("kto", recipe with { Data = recipe.Data with { HeldOut = one } });
        var last = Reporting.Files.JsonLinesLog.Read(run.Metrics).Last(line => line.ContainsKey("eval/kl_baseline"));
        Assert.Equal((0, 1), ((double)last["eval/kl_baseline"]!, (int)last["eval/examples"]!));
        Assert.NotEqual(0, (double)last["eval/rewards/chosen"]!);
        Assert.False(last.ContainsKey("eval/rewards/rejected"));
    }

    [Theory]
    [InlineData(100, 100, 1, 1, null)]
    [InlineData(100, 75, 1, 1, null)]
    [InlineData(100, 400, 4, 1, null)]
    [InlineData(800, 200, 1, 1, "Set `kto.undesirableWeight` between 3 and 4, or `kto.desirableWeight` between 0.25 and 0.33")]
    [InlineData(1, 2, 1, 1, "1 desirable response of weight 1 and 2 undesirable responses of weight 1: KTO works best when the two sides "
        + "weigh between 1:1 and 4:3 in all. Set `kto.undesirableWeight` between 0.38 and 0.5, "
        + "or `kto.desirableWeight` between 2 and 2.67")]
    [InlineData(5, 0, 1, 1, "all responses are labelled desirable")]
    public void BalanceNotice_OfWeightedCounts_SaysWhatToSet(
        int desirable, int undesirable, double desirableWeight, double undesirableWeight, string? expected)
    {
        var notice = Kto.BalanceNotice(
            new(desirable, undesirable), new() { DesirableWeight = desirableWeight, UndesirableWeight = undesirableWeight });
        if (expected is null)
            Assert.Null(notice);
        else
            Assert.Contains(expected, notice, StringComparison.Ordinal);
    }

    [Fact]
    public void Comparisons_GiveADesirableAndAnUndesirableResponse()
    {
        var recipe = Recipe("a", steps: 30) with { Data = ((DpoRecipe)runs.Recipe("dpo", "unused")).Data };
        var display = new RecordingDisplay();
        runs.Start("kto", recipe, display);
        Assert.DoesNotContain(display.Notices, notice => notice.Contains("KTO works best", StringComparison.Ordinal));
        AssertMargin(display);
    }

    [Fact]
    public void EncoderDecoder_LearnsTheLabelsToo()
    {
        using var t5 = new TinyRuns("t5");
        foreach (var method in (string[])["kto", "bco"])
        {
            var display = new RecordingDisplay();
            var recipe = (OfflineRecipe)t5.Recipe(method, method, steps: 40);
            t5.Start(method, recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-2 } }, display);
            var (first, last) = (display.Steps[0]["loss"], display.Steps.TakeLast(8).Average(step => step["loss"]));
            Assert.True(last < 0.9 * first, $"{method}: the loss went from {first} to {last}");
        }
    }

    /// <summary>A step may have responses of one label only, and then no margin.</summary>
    static void AssertMargin(RecordingDisplay display)
    {
        var margin = display.Steps.TakeLast(8).Where(step => step.ContainsKey("rewards/margins")).Average(step => step["rewards/margins"]);
        Assert.True(margin > 0.1, $"the margin is {margin}");
    }

    KtoRecipe Recipe(string output, int steps)
    {
        var recipe = (KtoRecipe)runs.Recipe("kto", output, steps);
        return recipe with { Optimizer = recipe.Optimizer with { LearningRate = 3e-3 } };
    }
}
