// A reward of its own: a program of one file that PPO asks for scores. `attune ppo recipes/ppo-process.yaml` starts it by
// `dotnet run examples/scorer.cs`; docs/rewards.md has the protocol. It likes answers of a dozen words that thank or greet.
using System.Text.Json;

string[] courtesies = ["thank", "please", "welcome", "good morning", "good evening", "sorry"];

while (Console.ReadLine() is { } line)
{
    using var batch = JsonDocument.Parse(line);
    var scores = batch.RootElement.GetProperty("completions").EnumerateArray().Select(completion => Score(completion.GetString()!));
    Console.WriteLine($$"""{"id":{{batch.RootElement.GetProperty("id")}},"scores":[{{string.Join(',', scores)}}]}""");
}

int Score(string answer)
{
    var words = answer.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
    return courtesies.Count(word => answer.Contains(word, StringComparison.OrdinalIgnoreCase)) - Math.Abs(words - 12) / 4;
}
