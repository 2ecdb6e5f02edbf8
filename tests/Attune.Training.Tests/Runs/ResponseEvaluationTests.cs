using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Runs;

/// <summary>Responses that the evaluations of methods on fixed data sample and score.</summary>
public sealed class ResponseEvaluationTests : IDisposable
{
    readonly TinyRuns runs = new();
    readonly TemporaryFolder folder = new();

    string Prompts => folder.Write("prompts.jsonl", "{\"prompt\":\"The cat says\"}\n{\"prompt\":\"The dog says\"}\n");

    public void Dispose()
    {
        runs.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("sft")]
    [InlineData("dpo")]
    public void Train_WithPrompts_MeasuresResponsesAndTrainsAsWithout(string method)
    {
        var without = (OfflineRecipe)runs.Recipe(method, "without");
        var (plain, scored) = (runs.Start(method, without), runs.Start(method, Sampling((OfflineRecipe)runs.Recipe(method, "with"))));
        Assert.Equal(TinyRuns.Weights(plain), TinyRuns.Weights(scored));
        var record = RunRecord.Read(scored);
        Assert.Equal(0, First(record, "eval/kl"), 1e-4);
        Assert.Equal(First(record, "eval/score") * 2, First(record, "eval/gold"), 1e-6);
        Assert.Contains(record.Metrics, metric => metric.Name == "eval/loss");
        Assert.Equal(
            ["The cat says", "The dog says"],
            record.Samples.Where(sample => sample.Step == 0).Select(sample => sample.Sample.Prompt));
        Assert.DoesNotContain(RunRecord.Read(plain).Metrics, metric => metric.Name == "eval/score");
    }

    [Fact]
    public void Train_RewardsWithoutPrompts_AreRefused()
    {
        var recipe = (OfflineRecipe)runs.Recipe("dpo", "run");
        var error = Assert.Throws<InvalidDataException>(
            () => runs.Start("dpo", recipe with { Responses = new() { Rewards = [Length()] } }));
        Assert.Contains("`responses.prompts` must name a file with prompts where responses are scored", error.Message);
    }

    OfflineRecipe Sampling(OfflineRecipe recipe) => recipe with
    {
        Responses = new()
        {
            Prompts = Prompts,
            Rewards = [Length()],
            GoldReward = [Length() with { Weight = 2 }],
            Sampling = new() { MaxNewTokens = 6 },
        },
    };

    static LengthReward Length() => new() { Target = 3 };

    static double First(RunRecord record, string metric) => record.Metrics.First(found => found.Name == metric).Points[0].Y;
}
