using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using static Attune.Cli.Tests.Commands;

namespace Attune.Cli.Tests;

/// <summary>`attune score`, `attune evaluate steps` and `attune generate --reward` with a process reward model.</summary>
public sealed class StepCommandTests : ModelFolderTests
{
    readonly string prm;
    readonly string steps;

    public StepCommandTests()
    {
        using var random = new RandomSource(2);
        (prm, steps) = (folder.File("prm"), TinyData.Steps(folder));
        ModelFolder.Save(prm, Pretrained.RewardModelFrom(model, random, stepSeparator: "\n"), TinyData.Tokenizer);
    }

    [Fact]
    public void Score_Steps_GivesTheirProbabilitiesAndTheScore()
    {
        var lines = Succeed("score", prm, steps).TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(36, lines.Count);
        Assert.All(lines, line => Assert.Equal(Steps(line).Min(), line["score"]!.GetValue<double>()));
        var product = JsonNode.Parse(Succeed("score", prm, steps, "--steps", "product").Split('\n')[0])!;
        Assert.Equal(Steps(product).Aggregate((all, step) => all * step), product["score"]!.GetValue<double>(), 1e-9);
        Fail("--raw must be left out for a process reward model", "score", prm, steps, "--raw");
        Fail("needs a process reward model", "score", rewardModel, TinyData.Rankings(folder), "--steps", "last");

        static IEnumerable<double> Steps(JsonNode line) => line["steps"]!.AsArray().Select(step => step!.GetValue<double>());
    }

    [Fact]
    public void EvaluateSteps_TableAndJson_AgreeWithTheScores()
    {
        var output = folder.File("found.json");
        var table = Succeed("evaluate", "steps", prm, steps, "--output", output);
        Assert.StartsWith("steps          72 of 36 responses, 75.0 % labelled right\naccuracy       ", table);
        var json = JsonNode.Parse(File.ReadAllText(output))!;
        Assert.Equal(json.ToJsonString(), JsonNode.Parse(Succeed("evaluate", "steps", prm, steps, "--json"))!.ToJsonString());
        Assert.Equal(72, json["steps"]!.GetValue<int>());
        Fail("name a process reward model", "evaluate", "steps", rewardModel, steps);
        Fail("evaluate steps reads responses in labelled steps", "evaluate", "steps", prm, TinyData.Rankings(folder));
    }

    [Fact]
    public void Generate_WithAReward_KeepsTheResponseWithTheHighestScore()
    {
        var prompts = TinyData.Prompts(folder);
        foreach (var reward in (string[])[prm, rewardModel])
        {
            var all = Generate();
            var best = Generate("--reward", reward);
            for (var i = 0; i < 3; i++)
            {
                string[] completions = [.. all[i]["completions"]!.AsArray().Select(text => text!.GetValue<string>())];
                Assert.Contains(best[i]["completion"]!.GetValue<string>(), completions);
            }
            Assert.All(best, line => Assert.True(double.IsFinite(line["score"]!.GetValue<double>())));
        }
        Fail("`samples` must be at least 2 with --reward", "generate", model, "The cat says", "--reward", prm);

        List<JsonNode> Generate(params string[] more) => [.. Succeed(
            ["generate", model, "--prompts", prompts, "--samples", "4", "--max-new-tokens", "8", .. more])
            .TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];
    }
}
