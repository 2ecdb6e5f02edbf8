using Attune.Testing;
using Attune.Training.Evaluation;
using Attune.Training.Recipes;

namespace Attune.Training.Tests;

/// <summary>Every recipe of recipes/ binds and runs two steps, each with the model of the recipe before.</summary>
public sealed class ShippedRecipeTests(ITestOutputHelper output)
{
    const int Evaluated = 8;

    readonly List<string> ran = [];

    [Fact]
    public void EveryShippedRecipeRunsTwoSteps()
    {
        using var folder = TemporaryFolder.InMemory();
        var (pretrain, sft, reward) = (folder.File("pretrain"), folder.File("sft"), folder.File("reward"));
        RunTwoSteps("pretrain", pretrain);
        RunTwoSteps("sft", sft, $"model={pretrain}/model");
        RunTwoSteps("reward", reward, $"model={sft}/model");
        RunTwoSteps("ppo", folder.File("ppo"), $"model={sft}/model", $"rewardModel={reward}/model");
        RunTwoSteps("ppo-gold", folder.File("ppo-gold"), $"model={sft}/model", $"rewardModel={reward}/model",
            $"goldReward.0.folder={Repository.PathTo("data", "frontdesk")}");
        foreach (var pairs in new[] { "dpo", "cpo", "simpo", "tpo" })
            RunTwoSteps(pairs, folder.File(pairs), $"model={sft}/model");
        RunTwoSteps("orpo", folder.File("orpo"), $"model={pretrain}/model");
        RunTwoSteps("kto", folder.File("kto"), $"model={sft}/model");
        RunTwoSteps("bco", folder.File("bco"), $"model={sft}/model");
        RunTwoSteps("ilql", folder.File("ilql"), $"model={sft}/model");
        var student = folder.File("pretrain-student");
        RunTwoSteps("pretrain-student", student, $"tokenizer.path={sft}/model");
        foreach (var method in new[] { "gkd", "minillm" })
            RunTwoSteps(method, folder.File(method), $"model={student}/model", $"teacher={sft}/model");
        RunTwoSteps("grpo", folder.File("grpo"), $"model={sft}/model", "updates.samplesPerPrompt=2");
        foreach (var form in new[] { "rloo", "reinforce", "remax", "a2c", "trpo", "nlpo", "online-dpo", "xpo", "nash-md" })
            RunTwoSteps(form, folder.File(form), $"model={sft}/model", $"rewardModel={reward}/model", "training.batchSize=4");
        foreach (var form in new[] { "rft", "best-of-n" })
            RunTwoSteps(form, folder.File(form), $"model={sft}/model", $"rewardModel={reward}/model");
        RunTwoSteps("ppo-rules", folder.File("ppo-rules"), $"model={sft}/model");
        RunTwoSteps("ppo-process", folder.File("ppo-process"), $"model={sft}/model", $"rewards.0.folder={Repository.Root}");
        foreach (var form in new[] { "ppo-hydra", "ppo-critic", "ppo-kl" })
            RunTwoSteps(form, folder.File(form), $"model={sft}/model", $"rewardModel={reward}/model");
        RunTwoSteps(
            "ppo-mix", folder.File("ppo-mix"), $"model={sft}/model", $"rewardModel={reward}/model",
            $"mix.text={FrontDesk("demonstrations", folder.File("ppo-mix"))}");
        RunTwoSteps("sft-lora", folder.File("sft-lora"), $"model={pretrain}/model");
        RunTwoSteps("ppo-lora", folder.File("ppo-lora"), $"model={sft}/model", $"rewardModel={reward}/model");
        var ensemble = folder.File("reward-ensemble");
        RunTwoSteps("reward-pairs", folder.File("reward-pairs"), $"model={sft}/model");
        RunTwoSteps("reward-ensemble", ensemble, $"model={sft}/model");
        var scratch = folder.File("reward-scratch");
        RunTwoSteps("reward-scratch", scratch, $"normalise.demonstrations={FrontDesk("demonstrations", scratch)}");
        RunTwoSteps("ppo-ensemble", folder.File("ppo-ensemble"), $"model={sft}/model", $"rewards.0.model={ensemble}/model");
        var (encoder, judge) = (folder.File("pretrain-bert"), folder.File("reward-bert"));
        RunTwoSteps("pretrain-bert", encoder);
        // Comparisons that come with the data, instead of those that a quickstart generates.
        RunTwoSteps("reward-bert", judge, $"model={encoder}/model", $"data.train={FrontDesk("rankings", judge)}",
            $"data.heldOut={FrontDesk("rankings-heldout", judge)}");
        RunTwoSteps("ppo-bert", folder.File("ppo-bert"), $"model={sft}/model", $"rewardModel={judge}/model");
        var (encoderDecoder, answering) = (folder.File("pretrain-t5"), folder.File("sft-t5"));
        RunTwoSteps("pretrain-t5", encoderDecoder);
        RunTwoSteps("sft-t5", answering, $"model={encoderDecoder}/model");
        RunTwoSteps("ppo-t5", folder.File("ppo-t5"), $"model={answering}/model", $"rewardModel={reward}/model");
        foreach (var task in new[] { "random-walks", "increasing-numbers" })
        {
            var walker = folder.File($"{task}-pretrain");
            RunTwoSteps($"{task}-pretrain", walker);
            foreach (var method in task == "random-walks" ? ["ppo"] : (string[])["ppo", "nlpo", "a2c", "trpo"])
                RunTwoSteps(
                    $"{task}-{method}", folder.File($"{task}-{method}"), $"model={walker}/model", $"rewards.0.folder={Repository.Root}");
            if (task == "random-walks")
                RunTwoSteps($"{task}-ilql", folder.File($"{task}-ilql"), $"model={walker}/model",
                    $"responses.rewards.0.folder={Repository.Root}",
                    $"responses.prompts={Repository.PathTo("data", task, "prompts.jsonl")}");
        }
        var (guesser, adder, caller) = (folder.File("guessing-game-pretrain"), folder.File("sums-pretrain"), folder.File("sums-sft"));
        RunTwoSteps("guessing-game-pretrain", guesser);
        RunTwoSteps(
            "guessing-game", folder.File("guessing-game"), $"model={guesser}/model",
            $"episodes.environments.0.folder={Repository.Root}");
        RunTwoSteps("sums-pretrain", adder);
        RunTwoSteps("sums-sft", caller, $"model={adder}/model");
        RunTwoSteps("sums-tool", folder.File("sums-tool"), $"model={caller}/model", $"episodes.tools.0.folder={Repository.Root}");
        var (solver, prm) = (folder.File("prm-pretrain"), folder.File("prm"));
        RunTwoSteps("prm-pretrain", solver);
        RunTwoSteps("arithmetic-grpo", folder.File("arithmetic-grpo"), $"model={solver}/model");
        RunTwoSteps("prm", prm, $"model={solver}/model");
        RunTwoSteps("ppo-prm", folder.File("ppo-prm"), $"model={solver}/model", $"rewards.0.model={prm}/model");
        var shipped = Directory.GetFiles(Repository.PathTo("recipes"), "*.yaml");
        Assert.Equal(shipped.Select(Path.GetFileNameWithoutExtension).Order(), ran.Order());
        output.WriteLine($"{shipped.Length} shipped recipes ran two steps");
    }

    static string FrontDesk(string name, string run) => Few($"data/frontdesk/{name}.jsonl", run);

    /// <summary>
    /// The first lines of a data file: enough for two steps, or for an evaluation. A file that a quickstart generates does not exist.
    /// </summary>
    static string Few(string data, string run, int lines = 32)
    {
        var (whole, few) = (Repository.PathTo(data), $"{run}-{Path.GetFileName(data)}");
        if (!File.Exists(whole))
            return whole;
        File.WriteAllLines(few, File.ReadLines(whole).Take(lines));
        return few;
    }

    static string[] Responses(ResponseOptions shipped, string run) => shipped.Prompts.Length == 0 ? [] :
    [
        "responses.sampling.maxNewTokens=4", $"responses.prompts={Few(shipped.Prompts, run, Evaluated)}",
        .. shipped.Rewards.Select((_, at) => $"responses.rewards.{at}.folder={Repository.PathTo("data", "frontdesk")}"),
        .. shipped.GoldReward.Select((_, at) => $"responses.goldReward.{at}.folder={Repository.PathTo("data", "frontdesk")}"),
    ];

    void RunTwoSteps(string name, string run, params string[] words)
    {
        ran.Add(name);
        var file = Repository.PathTo("recipes", name + ".yaml");
        var (data, ownWords) = RecipeReader.Read(method: null, file, []).Recipe switch
        {
            PretrainRecipe shipped => (shipped.Data, Array.Empty<string>()),
            RewardRecipe shipped => (shipped.Data, ["normalise.samples=16"]),
            OfflineRecipe shipped => (shipped.Data, Responses(shipped.Responses, run)),
            RftRecipe shipped => (shipped.Data, ["sampling.maxNewTokens=16", "rft.samplesPerPrompt=4", "rft.promptsPerRound=4"]),
            PolicyRecipe shipped => (shipped.Data, ["training.batchSize=16", "sampling.maxNewTokens=16"]),
            _ => throw new InvalidOperationException(name),
        };
        string[] paths = [$"data.train={Few(data.Train, run)}", .. data.HeldOut.Length == 0
            ? Array.Empty<string>()
            : [$"data.heldOut={Few(data.HeldOut, run, Evaluated)}"]];
        string[] twoSteps = ["training.steps=2", "run.evaluateEvery=2", $"run.output={run}"];
        var (found, recipe) = RecipeReader.Read(method: null, file, [.. paths, .. ownWords, .. words, .. twoSteps]);
        var display = new RecordingDisplay();
        Assert.True(RecipeRunner.Start(found, recipe, display, default).IsFinished);
        Assert.Equal(2, display.Steps.Count);
    }
}
