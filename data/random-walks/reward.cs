// The reward of random walks: how near a walk is to the shortest one, from 0 to 1; 0 if it takes an edge that does not exist, or does
// not reach the goal. `attune ppo recipes/random-walks-ppo.yaml` starts it.
using System.Globalization;
using System.Text.Json;

const int LongestWalk = 10;
var graph = File.ReadLines("data/random-walks/graph.txt").Select(line => line.Split(' ')).ToDictionary(node => node[0][0]);

while (Console.ReadLine() is { } line)
{
    using var batch = JsonDocument.Parse(line);
    var walks = Texts("prompts").Zip(Texts("completions"), string.Concat);
    var scores = walks.Select(walk => Score(walk).ToString(CultureInfo.InvariantCulture));
    Console.WriteLine($$"""{"id":{{batch.RootElement.GetProperty("id")}},"scores":[{{string.Join(',', scores)}}]}""");

    IEnumerable<string?> Texts(string field) => batch.RootElement.GetProperty(field).EnumerateArray().Select(text => text.GetString());
}

double Score(string walk)
{
    var length = walk.IndexOf('a') + 1;
    var exists = length > 0 && Enumerable.Range(1, length - 1).All(i => graph[walk[i - 1]][1].Contains(walk[i]));
    return exists ? (LongestWalk - length) / (double)(LongestWalk - int.Parse(graph[walk[0]][2], CultureInfo.InvariantCulture)) : 0;
}
