// Makes the graph, walks and prompts of this folder: `dotnet run data/random-walks/make.cs`. README.md describes them.
using System.Globalization;

const int Nodes = 21, LongestWalk = 10, Walks = 1000, Seed = 8;
const double EdgeProbability = 0.1;
var folder = args.FirstOrDefault() ?? "data/random-walks";
var random = new Random(Seed);

string Name(int node) => ((char)('a' + node)).ToString();

int[][] graph;                                          // the nodes that each node leads to; node 0 is the goal
do
    graph = [[], .. Enumerable.Range(1, Nodes - 1).Select(node =>
        Enumerable.Range(0, Nodes).Where(other => random.NextDouble() < EdgeProbability && other != node).ToArray())];
while (!Enumerable.Range(1, Nodes - 1).All(node => graph[node].Length > 0 && Shortest(node) < LongestWalk));

File.WriteAllLines(Path.Combine(folder, "graph.txt"), graph.Select((to, from) =>
    $"{Name(from)} {string.Concat(to.Select(Name))} {Shortest(from)}".TrimEnd()));
string[] walks = [.. Enumerable.Range(0, Walks).Select(_ => Walk())];
File.WriteAllLines(Path.Combine(folder, "walks.jsonl"), walks.Select(walk => Row("text", walk)));
File.WriteAllLines(Path.Combine(folder, "rewards.jsonl"), walks.Select(walk => string.Create(CultureInfo.InvariantCulture,
    $$"""{"prompt":"{{walk[0]}}","completion":"{{walk[1..]}}","reward":{{Math.Round(Optimality(walk), 4)}}}""")));
File.WriteAllLines(Path.Combine(folder, "prompts.jsonl"), Enumerable.Range(1, Nodes - 1).Select(node => Row("prompt", Name(node))));

string Row(string field, string text) => $$"""{"{{field}}":"{{text}}"}""";

string Walk()
{
    var walk = new List<int> { random.Next(1, Nodes) };
    while (walk.Count < LongestWalk && walk[^1] != 0)
        walk.Add(graph[walk[^1]][random.Next(graph[walk[^1]].Length)]);
    return string.Concat(walk.Select(Name));
}

double Optimality(string walk) =>
    walk[^1] == 'a' ? (LongestWalk - walk.Length) / (double)(LongestWalk - Shortest(walk[0] - 'a')) : 0;

// The number of nodes on the shortest walk to the goal; LongestWalk if there is none that short.
int Shortest(int start)
{
    var reached = new HashSet<int> { start };
    for (var length = 1; length < LongestWalk; length++)
    {
        if (reached.Contains(0))
            return length;
        reached.UnionWith(reached.SelectMany(node => graph[node]).ToList());
    }
    return LongestWalk;
}
