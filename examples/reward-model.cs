#:project ../src/Attune/Attune.csproj
// A reward model: it learns from comparisons which of two responses people prefer, and gives each response a score.
//   dotnet run examples/reward-model.cs -- [MODEL] [COMPARISONS] [RUN-FOLDER] [STEPS]
using Attune;
using Attune.Training.Recipes;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/2-sft/model"));        // its backbone is what training starts from
var recipe = new RewardRecipe
{
    Run = new() { Output = Argument(2, $"runs/examples/reward-{DateTime.Now:yyMMdd-HHmmss}") },
    Data = new() { Train = Argument(1, "data/frontdesk/rankings.jsonl") },          // prompt, completions and ranks; or chosen and rejected
    Training = new() { Steps = int.Parse(Argument(3, "50")) },
    Optimizer = new() { LearningRate = 3e-4 },
};
using var result = await Trainer.TrainAsync(model, recipe, step => Console.WriteLine($"{step.Number}: {step.Summary}"));

const string Prompt = "Guest: Where is the pool?\nDesk:";
foreach (var response in (string[])[" It is on the first floor, and it is open until ten.", " No."])
    Console.WriteLine($"{result.RewardModel.Score(Prompt, response),7:F2} {response}");
