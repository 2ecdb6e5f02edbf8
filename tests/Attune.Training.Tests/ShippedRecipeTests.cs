using Attune.Testing;
using Attune.Training.Recipes;

namespace Attune.Training.Tests;

/// <summary>Every recipe of recipes/ binds and runs two steps, each on the model that the one before it made.</summary>
public sealed class ShippedRecipeTests(ITestOutputHelper output)
{
    [Fact]
    public void EveryShippedRecipeRunsTwoSteps()
    {
        using var folder = new TemporaryFolder();
        var (pretrain, sft, reward) = (folder.File("pretrain"), folder.File("sft"), folder.File("reward"));
        RunTwoSteps("pretrain", pretrain);
        RunTwoSteps("sft", sft, $"model={pretrain}/model");
        RunTwoSteps("reward", reward, $"model={sft}/model");
        RunTwoSteps("ppo", folder.File("ppo"), $"model={sft}/model", $"rewardModel={reward}/model");
        RunTwoSteps("sft-lora", folder.File("sft-lora"), $"model={pretrain}/model");
        RunTwoSteps("ppo-lora", folder.File("ppo-lora"), $"model={sft}/model", $"rewardModel={reward}/model");
        var shipped = Directory.GetFiles(Repository.PathTo("recipes"), "*.yaml");
        Assert.Equal(6, shipped.Length);
        output.WriteLine($"{shipped.Length} shipped recipes ran two steps");
    }

    static void RunTwoSteps(string name, string run, params string[] words)
    {
        var file = Repository.PathTo("recipes", name + ".yaml");
        var data = RecipeReader.Read(method: null, file, []).Recipe switch
        {
            PretrainRecipe shipped => shipped.Data,
            SftRecipe shipped => shipped.Data,
            RewardRecipe shipped => shipped.Data,
            PpoRecipe shipped => shipped.Data,
            _ => throw new InvalidOperationException(name),
        };
        string[] paths = [$"data.train={Repository.PathTo(data.Train)}", .. data.HeldOut.Length == 0 ? Array.Empty<string>() : [$"data.heldOut={Repository.PathTo(data.HeldOut)}"]];
        var (found, recipe) = RecipeReader.Read(method: null, file, [.. words, .. paths, $"run.output={run}", "training.steps=2"]);
        var display = new RecordingDisplay();
        Assert.True(RecipeRunner.Start(found, recipe, display, default).IsFinished);
        Assert.Equal(2, display.Steps.Count);
    }
}
