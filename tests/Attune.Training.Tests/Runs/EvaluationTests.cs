using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Runs;

/// <summary>When a run evaluates, and what it keeps of it.</summary>
public sealed class EvaluationTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(null, 40, 0, new[] { 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40 })]
    [InlineData(null, 25, 0, new[] { 0, 3, 6, 9, 12, 15, 18, 21, 24, 25 })]
    [InlineData(null, 4, 0, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(null, 40, 12.5, new[] { 0, 13, 26, 39, 40 })]
    [InlineData(null, 40, 1000, new[] { 0, 40 })]
    [InlineData(0, 40, 0, new[] { 0, 40 })]
    [InlineData(15, 40, 1000, new[] { 0, 15, 30, 40 })]
    public void Steps_Evaluate_TenTimesUnlessThatCostsTooMuch(int? every, int steps, double cost, int[] expected)
    {
        var evaluated = new List<int>();
        Train(every, steps, cost, evaluated);
        Assert.Equal(expected, evaluated);
    }

    [Fact]
    public void Samples_OfTheFirstAndTheLastEvaluation_AreAllKept()
    {
        var run = Train(every: 1, steps: 2, cost: 0, []);
        var samples = RunRecord.Read(run).Samples;
        Assert.Equal([(0, 100), (1, 16), (2, 100)], samples.GroupBy(sample => sample.Step).Select(group => (group.Key, group.Count())));
    }

    [Fact]
    public void Session_OfARun_NamesCommitDeviceAndMachine()
    {
        var session = Assert.Single(RunSession.Read(Train(every: 0, steps: 1, cost: 0, [])));
        Assert.Equal(0, session.Step);
        Assert.Equal("cpu", session.Values["device"]);
        Assert.Equal("float32", session.Values["dtype"]);
        string[] names = ["commit", "processor", "threads of an operator", "memory", "libtorch"];
        Assert.All(names, name => Assert.NotEmpty(session.Values[name]));
    }

    RunFolder Train(int? every, int steps, double cost, List<int> evaluated)
    {
        var done = 0;
        using var run = new Run(new() { Output = folder.File("run"), EvaluateEvery = every, Device = "cpu", Dtype = "float32" })
        {
            EvaluationCost = cost,
        };
        foreach (var step in run.Steps(steps, Evaluate))
            done = step.Number;
        return run.Folder;

        EvaluationResult Evaluate()
        {
            evaluated.Add(done);
            return new(
                new Dictionary<string, double> { ["eval/score"] = done },
                [.. Enumerable.Range(0, 100).Select(at => new Sample($"p{at}", "r", new Dictionary<string, double>()))]);
        }
    }
}
