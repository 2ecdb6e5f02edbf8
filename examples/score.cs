#:project ../src/Attune/Attune.csproj
// Scores responses with a reward model, and picks the best of several that a language model samples.
//   dotnet run examples/score.cs -- [MODEL] [REWARD-MODEL] [PROMPT]
using Attune;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/2-sft/model"));
var rewardModel = ScoreModel.Load(Argument(1, "runs/quickstart/4-reward/model"));
var prompt = Argument(2, "Guest: Where is the pool?\nDesk:");

var responses = model.Generate([prompt], new() { MaxNewTokens = 32 }, samples: 8)[0];
var scores = rewardModel.Score([.. responses.Select(response => (prompt, response))]);
foreach (var (score, response) in scores.Zip(responses).OrderByDescending(row => row.First))
    Console.WriteLine($"{score,7:F2} {response}");
