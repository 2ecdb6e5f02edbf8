using System.Text.Json.Nodes;
using Attune.Text.Trainers;

namespace Attune.Text.Tests;

/// <summary>Small tokenizers for tests.</summary>
static class TinyTokenizer
{
    static readonly string[] Texts =
    [
        "The small robot carried a crate of oranges across the yard, and then it came back for another one.",
        "When the rain stopped, the children counted the puddles: one, two, three, four, five.",
        "She wrote a program that sorts letters; he wrote a program that shuffles them again. 1234 5678",
    ];

    /// <summary>A tokenizer trained on a few English sentences, with EOS and padding tokens.</summary>
    public static Tokenizer Trained { get; } = BytePairTrainer.Train(Texts, new() { VocabularySize = 400 });

    /// <summary>A tokenizer.json with these tokens, whose ids are in order, and these merges.</summary>
    public static JsonObject Json(string[] tokens, params string[] merges) => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
        },
    };

    public static JsonObject AddedToken(int id, string content, bool special = false, bool normalized = false) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = normalized,
        ["special"] = special,
    };

    public static Tokenizer Parse(JsonObject json) => Tokenizer.Parse(json.ToJsonString());

    public static string[] Tokens(JsonObject json, string text) => Parse(json).EncodeFull(text).Tokens;
}
