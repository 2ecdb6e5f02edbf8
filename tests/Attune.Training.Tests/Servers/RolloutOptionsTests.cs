using Attune.Generation;
using Attune.Training.Estimation;
using Attune.Training.Options;
using Attune.Training.Recipes;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Servers;

/// <summary>Options of rollouts that do not fit together, or not to the recipe.</summary>
public sealed class RolloutOptionsTests : IDisposable
{
    static readonly RolloutOptions OnServer = new() { Engine = RolloutEngine.Server, Servers = ["http://127.0.0.1:8000"] };

    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Validate_Servers_AreThoseOfTheEngine()
    {
        AssertRefused("grpo", new() { Engine = RolloutEngine.Server }, "`rollout.servers` must have at least one URL with engine server");
        AssertRefused("grpo", new() { Servers = ["http://127.0.0.1:8000"] }, "`rollout.servers` must be empty with engine local");
        AssertRefused("grpo", OnServer with { Servers = ["127.0.0.1"] }, "must have URLs that begin with http:// or https://");
        AssertRefused("grpo", new() { MaxStaleness = 1 }, "`rollout.maxStaleness` must be 0 with engine local");
    }

    [Fact]
    public void Validate_WhatServersCannotDo_IsRefused()
    {
        AssertRefused("grpo", OnServer with { Weights = WeightTransfer.Adapter }, "must be folder where parameters.lora.rank is 0");
        AssertRefused("rloo", OnServer with { MaxStaleness = 1 }, "`rollout.maxStaleness` must be 0 with updates.maxResamplings");
        AssertRefused("nlpo", OnServer, "`rollout.engine` must be local: servers do not have the mask");
        AssertRefused("reinforce", OnServer with { MaxStaleness = 1 }, "must not be greedy with rollout.maxStaleness");
        AssertRefused("online-dpo", OnServer, "`rollout.correction` must be none: a loss of pairs has no importance ratio");
        AssertRefused(
            "grpo", OnServer with { Correction = ImportanceCorrection.TruncatedToken, ClipMin = 0.5 },
            "`rollout.clipMin` must be null where correction truncates from above only");
    }

    [Fact]
    public void Validate_SamplingThatServersDoNotHave_IsNamed()
    {
        var sampling = new SamplingOptions
        {
            MaxNewTokens = 8, Temperature = 0.9, TopP = 0.9, Stop = ["."], TopH = 0.5, SuppressTokens = [5],
        };
        AssertRefused("grpo", OnServer, "must be local with sampling.topH and sampling.suppressTokens", recipe => recipe with
        {
            Sampling = sampling,
        });
    }

    void AssertRefused(string method, RolloutOptions options, string message, Func<OnPolicyRecipe, OnPolicyRecipe>? change = null)
    {
        var recipe = (OnPolicyRecipe)runs.Recipe(method, method) with { Rollout = options };
        var error = Assert.Throws<InvalidDataException>(() => Validation.ThrowIfInvalid(change?.Invoke(recipe) ?? recipe));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
