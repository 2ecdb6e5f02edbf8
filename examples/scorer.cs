// A program of one file that scores responses: `attune ppo recipes/ppo-process.yaml` starts it with `dotnet run examples/scorer.cs`.
// docs/rewards.md has the protocol. Polite responses of about twelve words score highest.
using System.Text.Json;

string[] courtesies = ["thank", "please", "welcome", "good morning", "good evening", "sorry"];

while (Console.ReadLine() is { } line)
{
    using var batch = JsonDocument.Parse(line);
    var scores = batch.RootElement.GetProperty("completions").EnumerateArray().Select(completion => Score(completion.GetString()!));
    Console.WriteLine($$"""{"id":{{batch.RootElement.GetProperty("id")}},"scores":[{{string.Join(',', scores)}}]}""");
}

int Score(string response)
{
    var words = response.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
    return courtesies.Count(word => response.Contains(word, StringComparison.OrdinalIgnoreCase)) - Math.Abs(words - 12) / 4;
}
