#:project ../src/Attune/Attune.csproj
// Supervised fine-tuning: the model learns to respond as in the demonstrations.
//   dotnet run examples/sft.cs -- [MODEL] [DEMONSTRATIONS] [RUN-FOLDER] [STEPS]
using Attune;
using Attune.Training.Recipes;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/1-pretrain/model"));
var recipe = new SftRecipe
{
    Run = new() { Output = Argument(2, $"runs/examples/sft-{DateTime.Now:yyMMdd-HHmmss}") },
    Data = new() { Train = Argument(1, "data/frontdesk/demonstrations.jsonl") },    // lines with prompt and completion
    Training = new() { Steps = int.Parse(Argument(3, "50")) },
    Optimizer = new() { LearningRate = 1e-3 },                                       // for a model of a few million parameters
};
using var result = await Trainer.TrainAsync(model, recipe, step => Console.WriteLine($"{step.Number}: {step.Summary}"));

const string Prompt = "Guest: Where is the pool?\nDesk:";
Console.WriteLine($"before: {model.Generate(Prompt)}");
Console.WriteLine($"after:  {result.Model.Generate(Prompt)}");
