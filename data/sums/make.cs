// Makes the files of this folder: `dotnet run data/sums/make.cs`. README.md describes them.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

const int Texts = 1000, Demonstrations = 800, Prompts = 400, HeldOut = 100, Seed = 15;
const int Exchanges = 4, ShortExchanges = 16, Smallest = 100, Greatest = 1000;
const double WithTool = 0.3;                                   // the share of demonstrations that call the tool
var folder = args.FirstOrDefault() ?? "data/sums";
var random = new Random(Seed);
var known = new HashSet<(int, int)>();
var json = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
const string Tool = """
    {"type":"function","function":{"name":"calculate","description":"Computes.","parameters":{"type":"object","properties":
    {"expression":{"type":"string","description":"such as 12 + 3"}},"required":["expression"]}}}
    """;

Write("prompts-heldout.jsonl", HeldOut, Prompt);
Write("demonstrations.jsonl", Demonstrations, Demonstration);
Write("texts.jsonl", Texts, Text);
Write("prompts.jsonl", Prompts, Prompt);

void Write(string name, int lines, Func<(int A, int B), JsonObject> row) => File.WriteAllLines(
    Path.Combine(folder, name), Enumerable.Range(0, lines).Select(_ => row(NewSum()).ToJsonString(json)));

(int A, int B) NewSum()
{
    while (true)
        if ((random.Next(Smallest, Greatest), random.Next(Smallest, Greatest)) is var sum && known.Add(sum))
            return sum;
}

JsonObject Question((int A, int B) sum) => new() { ["role"] = "user", ["content"] = $"{sum.A} + {sum.B}" };

JsonObject Prompt((int A, int B) sum) => new() { ["prompt"] = new JsonArray(Question(sum)), ["answer"] = sum.A + sum.B };

JsonObject Demonstration((int A, int B) sum)
{
    var messages = new JsonArray(Question(sum));
    if (random.NextDouble() < WithTool)
    {
        var call = new JsonObject { ["name"] = "calculate", ["arguments"] = new JsonObject { ["expression"] = $"{sum.A} + {sum.B}" } };
        messages.Add((JsonNode)new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = "",
            ["tool_calls"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = call }),
        });
        messages.Add((JsonNode)new JsonObject { ["role"] = "tool", ["content"] = $"{sum.A + sum.B}" });
    }
    messages.Add((JsonNode)new JsonObject { ["role"] = "assistant", ["content"] = $"{sum.A + sum.B}" });
    return new() { ["messages"] = messages, ["tools"] = new JsonArray(JsonNode.Parse(Tool)) };
}

// The words of conversations with the tool, and in every second text only results that are copied from one line to the next: that is what
// the model must learn. It does not learn to add, because every result is a random number.
JsonObject Text((int A, int B) sum)
{
    var copies = sum.A % 2 == 0;
    var text = copies ? ""
        : $"system\nFunctions, which <tool_call>{{\"name\": ..., \"arguments\": {{...}}}}</tool_call> calls:\n{Spaced(Tool)}\n";
    for (var exchange = 0; exchange < (copies ? ShortExchanges : Exchanges); exchange++)
    {
        var (a, b, result) = (random.Next(Smallest, Greatest), random.Next(Smallest, Greatest), random.Next(Smallest, 2 * Greatest));
        if (!copies)
            text += $"user\n{a} + {b}\nassistant\n<tool_call>{{\"name\": \"calculate\", \"arguments\": "
                + $"{{\"expression\": \"{a} + {b}\"}}}}</tool_call>\n";
        text += $"tool\n{result}\nassistant\n{result}\n";
    }
    return new() { ["text"] = text };
}

// JSON as chat templates write it.
string Spaced(string text) => JsonNode.Parse(text)!.ToJsonString(json).Replace("\":", "\": ").Replace(",\"", ", \"");
