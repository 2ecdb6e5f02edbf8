#:project ../src/Attune/Attune.csproj
// PPO with a reward that is a C# function: responses of about a dozen words score best.
//   dotnet run examples/ppo-custom-reward.cs -- [MODEL] [PROMPTS] [RUN-FOLDER] [STEPS]
using Attune;
using Attune.Training.Recipes;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/2-sft/model"));
var recipe = new PpoRecipe
{
    Run = new() { Output = Argument(2, $"runs/examples/ppo-{DateTime.Now:yyMMdd-HHmmss}") },
    Data = new() { Train = Argument(1, "data/frontdesk/prompts.jsonl") },
    // A reward may also be async, as a call of a server is, or take all responses of a step at once: Reward.FromBatch.
    Rewards = [Reward.From((prompt, response) => -Math.Abs(response.Split(' ').Length - 12))],
    Sampling = new() { MaxNewTokens = 32 },
    Training = new() { BatchSize = 32, Steps = int.Parse(Argument(3, "20")) },
    Optimizer = new() { LearningRate = 1e-4 },
};
using var result = await Trainer.TrainAsync(model, recipe, step => Console.WriteLine($"{step.Number}: {step.Summary}"));

const string Prompt = "Guest: Where is the pool?\nDesk:";
Console.WriteLine($"before: {model.Generate(Prompt)}");
Console.WriteLine($"after:  {result.Model.Generate(Prompt)}");
