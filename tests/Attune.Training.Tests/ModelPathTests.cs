using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests;

/// <summary>A run's folder in place of its model, wherever a model is asked for.</summary>
public sealed class ModelPathTests : IDisposable
{
    readonly TinyRuns runs = new();
    readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        runs.Dispose();
    }

    [Fact]
    public void Recipes_RunFolders_StandForTheirModels()
    {
        var sft = runs.Start("sft", runs.Recipe("sft", "sft", steps: 1)).Path;
        var reward = runs.Start("reward", (RewardRecipe)runs.Recipe("reward", "reward", steps: 1) with { Model = sft }).Path;
        var ppo = runs.Start("ppo", (PpoRecipe)runs.Recipe("ppo", "ppo", steps: 1) with
        {
            Model = sft,
            RewardModel = "",
            Rewards = [new ModelReward { Models = [reward, reward] }],
            Critic = new() { Kind = CriticKind.Model, Model = reward },
        });
        Assert.Contains($"model: \"{sft}/model\"", File.ReadAllText(ppo.Recipe));
        Assert.Contains($"{reward}/model", File.ReadAllText(ppo.Recipe));
        Assert.Equal(Path.Combine(ppo.Path, "model"), ModelPath.Find(ppo.Path + "/"));
        Assert.NotNull(ModelFolder.LoadLanguageModel(ppo.Path, Device.Cpu));
        Assert.NotNull(ModelFolder.LoadRewardModel(reward, Device.Cpu));
        Assert.NotNull(ModelFolder.LoadTokenizer(ppo.Path));
    }

    [Fact]
    public void Recipes_AdapterInARunFolder_IsAnAdapter()
    {
        var lora = new ParameterOptions { Lora = new() { Rank = 2, Merge = false } };
        var first = runs.Start("sft", (SftRecipe)runs.Recipe("sft", "first", steps: 1) with { Parameters = lora }).Path;
        Assert.True(Peft.IsAdapter(ModelPath.Find(first)));
        var error = Assert.Throws<InvalidDataException>(
            () => runs.Start("sft", (SftRecipe)runs.Recipe("sft", "second", steps: 1) with { Model = first, Parameters = lora }));
        Assert.Contains("an adapter of an adapter cannot be loaded", error.Message);
    }

    [Fact]
    public void Find_RunWithoutModel_SaysHowToResume()
    {
        Directory.CreateDirectory(folder.File("run"));
        folder.Write("run/recipe.yaml", "method: sft");
        var message = Assert.Throws<InvalidDataException>(() => ModelPath.Find(folder.File("run"))).Message;
        Assert.Equal(
            $"the run {folder.File("run")} has no model yet, because it has not finished; `attune train {folder.File("run")}` resumes it",
            message);
    }

    [Fact]
    public void Start_ModelOfTheHubThatIsNotHere_LeadsToTheCommandAndWritesNothing()
    {
        var recipe = (SftRecipe)runs.Recipe("sft", "never", steps: 1) with { Model = "no-owner/no-name" };
        var message = Assert.Throws<InvalidDataException>(() => runs.Start("sft", recipe)).Message;
        Assert.Contains("`model` must be an existing folder (was no-owner/no-name, in ", message);
        Assert.Contains("`attune models get no-owner/no-name`", message);
        recipe = recipe with { Model = runs.LanguageModel, Data = recipe.Data with { Train = "no-owner/no-name/train.jsonl" } };
        Assert.Contains(
            "`attune data get no-owner/no-name`", Assert.Throws<InvalidDataException>(() => runs.Start("sft", recipe)).Message);
        Assert.False(Directory.Exists(runs.PathTo("never")));
    }

    [Theory]
    [InlineData("/nowhere/at/all")]
    [InlineData("./runs/sft")]
    [InlineData("a/b/c/d")]
    public void Find_PathThatIsNoName_IsMissingOnly(string path)
    {
        var message = Assert.Throws<DirectoryNotFoundException>(() => ModelPath.Find(path)).Message;
        Assert.StartsWith($"there is no folder {path}", message);
        Assert.DoesNotContain(path.StartsWith('a') ? "data get" : "get", message);
    }
}
