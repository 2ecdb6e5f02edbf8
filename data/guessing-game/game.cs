// The environment of the guessing game: it replies "higher" or "lower" to a guess, and ends the game with reward 1 when the guess is right.
// `attune ppo recipes/guessing-game.yaml` starts it.
using System.Text.Json.Nodes;

while (Console.ReadLine() is { } line)
{
    var batch = JsonNode.Parse(line)!;
    var replies = batch["episodes"]!.AsArray().Select(episode => Reply(episode!));
    Console.WriteLine(new JsonObject { ["id"] = batch["id"]!.DeepClone(), ["replies"] = new JsonArray([.. replies]) }.ToJsonString());
}

JsonObject Reply(JsonNode episode)
{
    var number = (int)episode["number"]!;
    if (!int.TryParse((string)episode["turns"]!.AsArray()[^1]!, out var guess))
        return new() { ["end"] = true };                       // not a number: the game is over
    return guess == number
        ? new() { ["text"] = " right", ["end"] = true, ["reward"] = 1 }
        : new() { ["text"] = guess < number ? " higher" : " lower" };
}
