using System.Text.Json.Nodes;
using Attune.Text;

namespace Attune.Export.Tests;

/// <summary>A byte-level tokenizer without merges, with as many tokens as a golden checkpoint; the last one ends a text.</summary>
static class ByteTokenizer
{
    public static Tokenizer Of(int tokens)
    {
        var alphabet = Enumerable.Range('!', 94).Concat(Enumerable.Range('¡', 12)).Concat(Enumerable.Range('®', 82));
        var letters = alphabet.Concat(Enumerable.Range(256, tokens)).Take(tokens - 1).Index();
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = tokens - 1, ["content"] = "<end>", ["special"] = true }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = new JsonObject(letters.Select(letter =>
                    KeyValuePair.Create(((char)letter.Item).ToString(), (JsonNode?)letter.Index))),
                ["merges"] = new JsonArray(),
            },
        };
        return Tokenizer.Parse(json.ToJsonString(), """{"eos_token": "<end>"}""");
    }
}
