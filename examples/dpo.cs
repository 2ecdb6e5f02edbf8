#:project ../src/Attune/Attune.csproj
// DPO: the model learns from comparisons directly, without a reward model.
//   dotnet run examples/dpo.cs -- [MODEL] [COMPARISONS] [RUN-FOLDER] [STEPS]
using Attune;
using Attune.Training.Recipes;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/2-sft/model"));        // it is the reference, too
var recipe = new DpoRecipe
{
    Run = new() { Output = Argument(2, $"runs/examples/dpo-{DateTime.Now:yyMMdd-HHmmss}") },
    Data = new() { Train = Argument(1, "data/frontdesk/pairs.jsonl") },             // lines with prompt, chosen and rejected
    Dpo = new() { Beta = 0.1 },
    Training = new() { Steps = int.Parse(Argument(3, "50")) },
    Optimizer = new() { LearningRate = 1e-4 },
};
using var result = await Trainer.TrainAsync(model, recipe, step => Console.WriteLine($"{step.Number}: {step.Summary}"));
Console.WriteLine($"{result.Metrics["rewards/accuracies"]:P0} of the pairs in order at the end; the report is {result.Run.Report}");
