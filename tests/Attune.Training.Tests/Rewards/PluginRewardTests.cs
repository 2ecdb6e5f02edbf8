using Attune.Testing;
using Attune.Text;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Classes of this assembly, which is loaded as a plug-in.</summary>
public sealed class PluginRewardTests : IDisposable
{
    static readonly string Here = typeof(PluginRewardTests).Assembly.Location;

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ASourceAndARuleAreTakenFromAnAssembly()
    {
        using var rule = Plugin(nameof(PluginRule)).Build(Rewarded.Context());
        Assert.Equal([5, 6], rule.Score(Two).Totals);
        using var source = Plugin(nameof(PluginOfDenseScores)).Build(Rewarded.Context());
        Assert.Equal(Two.Completions.Select(completion => completion.Tokens.Length), source.Score(Two).Rows.Select(row => row.Length));
    }

    [Fact]
    public void Build_SourceThatComparesResponses_ComparesResponses()
    {
        using var source = Plugin(nameof(PluginThatCompares)).Build(Rewarded.Context());
        Assert.True(source.ComparesResponses);
    }

    [Theory]
    [InlineData("PluginRul",
        "has no class Attune.Training.Tests.Rewards.PluginRul. It must be a public class that implements IRewardSource or IRule and is not "
        + "abstract; the assembly has ")]
    [InlineData("RuleTests",
        "RuleTests must be a public class that implements IRewardSource or IRule and is not abstract; the assembly has ")]
    [InlineData("PluginWithAnOddConstructor", "has no public constructor without parameters, or with a Tokenizer")]
    [InlineData("PluginThatCannotBeMade", "could not be created: no licence")]
    public void WhatIsNoPluginIsSaid(string type, string expected) =>
        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => Plugin(type).Build(Rewarded.Context())).Message, StringComparison.Ordinal);

    [Fact]
    public void AnAssemblyThatIsNoneIsSaid()
    {
        var plugin = new PluginReward { Type = "A", Assembly = folder.File("a.dll") };
        Assert.Contains(
            "there is no assembly", Assert.Throws<InvalidDataException>(() =>
            plugin.Build(Rewarded.Context())).Message, StringComparison.Ordinal);
        folder.Write("a.dll", "MZ, but no more of it");
        Assert.Contains(
            "is not a .NET assembly", Assert.Throws<InvalidDataException>(() =>
            plugin.Build(Rewarded.Context())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(PluginThatThrows), "the reward 'plugin' failed: DivideByZeroException: ")]
    [InlineData(nameof(PluginThatGivesNothing), "the reward 'plugin' gave no scores")]
    public void WhatAPluginThrowsBecomesOneMessage(string type, string expected)
    {
        using var source = Plugin(type).Build(Rewarded.Context());
        Assert.StartsWith(expected, Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message, StringComparison.Ordinal);
    }

    static Rollouts Two => Rewarded.Rollouts("The cat says", " meow", " woof.");

    static PluginReward Plugin(string type) => new() { Assembly = Here, Type = $"{typeof(PluginRewardTests).Namespace}.{type}" };
}

/// <summary>The number of characters.</summary>
public sealed class PluginRule : IRule
{
    public double Score(TextResponse answer) => answer.Text.Length;
}

/// <summary>1 for each token that has a letter.</summary>
public sealed class PluginOfDenseScores(Tokenizer tokenizer) : IRewardSource
{
    public Scores Score(Rollouts rollouts) => new([.. rollouts.Completions.Select(completion =>
        completion.Tokens.Select(token => tokenizer.Decode([token]).Any(char.IsLetter) ? 1.0 : 0).ToArray())]);
}

public sealed class PluginThatThrows : IRule
{
    public double Score(TextResponse answer) => answer.Text.Length / int.Parse("0");
}

public sealed class PluginThatGivesNothing : IRewardSource
{
    public Scores Score(Rollouts rollouts) => null!;
}

public sealed class PluginThatCompares : IRewardSource
{
    public bool ComparesResponses => true;

    public Scores Score(Rollouts rollouts) => Scores.FromTotals(new double[rollouts.Count]);
}

public sealed class PluginWithAnOddConstructor(int number) : IRule
{
    public double Score(TextResponse answer) => number;
}

public sealed class PluginThatCannotBeMade : IRule
{
    public PluginThatCannotBeMade() => throw new InvalidOperationException("no licence");

    public double Score(TextResponse answer) => 0;
}
