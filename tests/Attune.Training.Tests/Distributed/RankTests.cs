using System.Text.Json.Nodes;
using Attune.Reporting.Files;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Distributed;

/// <summary>Runs of several ranks beside runs of one.</summary>
public sealed class RankTests : IDisposable
{
    readonly TinyRuns runs = new();

    public static TheoryData<string> Kinds => [.. TinyRuns.Kinds];

    public void Dispose() => runs.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_TwoRanks_GivesTheNumbersOfOne(string kind)
    {
        var one = Metrics(runs.Start(kind, Recipe(kind, "one")));
        var two = Metrics(Start(kind, Recipe(kind, "two"), ranks: 2));
        Assert.Equal(one.Count, two.Count);
        foreach (var (expected, found) in one.Zip(two))
        {
            Assert.Equal(expected.Keys.Order(), found.Keys.Order());
            foreach (var (name, value) in expected)
                Assert.True(IsNear(value, found[name]), $"step {expected["step"]}: {name} is {found[name]} and must be {value}");
        }
    }

    IRecipe Recipe(string kind, string output)
    {
        var recipe = runs.Recipe(kind, output, steps: 3);
        return recipe switch
        {
            SftRecipe sft => sft with { Sft = sft.Sft with { Dropout = false } },
            PretrainRecipe pretrain => pretrain with { Pretrain = pretrain.Pretrain with { Dropout = false } },
            _ => recipe,
        };
    }

    RunFolder Start(string kind, IRecipe recipe, int ranks) =>
        ThreadRanks.Run(ranks, _ => runs.Start(kind, recipe))[0];

    static bool IsNear(double expected, double found) =>
        expected.Equals(found) || Math.Abs(expected - found) <= 1e-5 * Math.Max(1, Math.Abs(expected));

    /// <summary>The numbers of each line but times.</summary>
    static List<Dictionary<string, double>> Metrics(RunFolder run) => [.. JsonLinesLog.Read(run.Metrics).Select(line => line
        .Where(pair => !pair.Key.StartsWith("time/", StringComparison.Ordinal))
        .ToDictionary(pair => pair.Key, pair => Number(pair.Value!), StringComparer.Ordinal))];

    static double Number(JsonNode value) => value.GetValueKind() == System.Text.Json.JsonValueKind.Number
        ? value.GetValue<double>()
        : double.Parse(value.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
}
