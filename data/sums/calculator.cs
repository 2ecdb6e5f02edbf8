// The tool of recipes/sums-tool.yaml, which starts it: computes sums such as 12 + 3.
using System.Text.Json.Nodes;

while (Console.ReadLine() is { } line)
{
    var call = JsonNode.Parse(line)!;
    var answer = new JsonObject { ["id"] = call["id"]!.DeepClone() };
    var terms = ((string?)call["arguments"]?["expression"] ?? "").Split('+');
    if (terms.All(term => long.TryParse(term, out _)))
        answer["result"] = $"{terms.Sum(long.Parse)}";
    else
        answer["error"] = "the expression must be numbers with + between them";
    Console.WriteLine(answer.ToJsonString());
}
