#:project ../src/Attune/Attune.csproj
// GRPO on a task whose answers can be checked: the reward is 1 where a response has the answer that the prompt's row holds.
//   dotnet run examples/grpo-verifiable.cs -- [MODEL] [PROMPTS] [RUN-FOLDER] [STEPS]
using System.Text.Json;
using Attune;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/2-sft/model"));
var recipe = new GrpoRecipe
{
    Run = new() { Output = Argument(2, $"runs/examples/grpo-{DateTime.Now:yyMMdd-HHmmss}") },
    Data = new() { Train = Argument(1, WriteTask()) },
    Rewards = [Reward.From(IsRight, "right")],
    Sampling = new() { MaxNewTokens = 16 },
    Updates = new() { SamplesPerPrompt = 8 },                                        // compared with each other
    Training = new() { BatchSize = 8, Steps = int.Parse(Argument(3, "30")) },
    Optimizer = new() { LearningRate = 3e-4 },
};
using var result = await Trainer.TrainAsync(model, recipe, step => Console.WriteLine($"{step.Number}: {step.Summary}"));
Console.WriteLine($"{result.Metrics["objective/scores"]:P0} of the responses were right in the last step");

// A response is text; Texts reads a field of the row that the prompt is from.
static double IsRight(TextResponse response) =>
    response.Texts("answer").Any(answer => response.Text.Contains(answer, StringComparison.OrdinalIgnoreCase)) ? 1 : 0;

// Guests ask for something, and the desk must name it: {"prompt", "answer"}.
static string WriteTask()
{
    string[] places = ["pool", "gym", "bar", "breakfast", "lift", "car park"];
    string[] questions = ["Where is the {0}?", "Could you tell me about the {0}?"];
    var file = Path.Combine(Path.GetTempPath(), $"attune-task-{Environment.ProcessId}.jsonl");
    File.WriteAllLines(file, from place in places
                             from question in questions
                             let prompt = $"Guest: {string.Format(question, place)}\nDesk:"
                             select JsonSerializer.Serialize(new Dictionary<string, string> { ["prompt"] = prompt, ["answer"] = place }));
    return file;
}
