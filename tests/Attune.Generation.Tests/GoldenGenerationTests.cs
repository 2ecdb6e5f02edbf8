using System.Text.Json;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

/// <summary>Compares greedy generation with that of transformers for tiny checkpoints; ids must be equal.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenGenerationTests
{
    public static TheoryData<string, string> Cases =>
        [.. from name in new[] { "LMHeadModel", "ForCausalLM", "ForConditionalGeneration" }.SelectMany(GoldenModels.WithClass)
            where GoldenModels.Expected(name).TryGetProperty("generate", out _)
            from item in GoldenModels.Expected(name).GetProperty("generate").EnumerateObject()
            where item.Name != "inputs"
            select (name, item.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void GreedyContinuationsAgree(string name, string item)
    {
        var generate = GoldenModels.Expected(name).GetProperty("generate");
        var expected = generate.GetProperty(item);
        var model = Pretrained.LoadLanguageModel(Golden.PathTo("models", name));
        var inputs = expected.TryGetProperty("inputs", out var own) ? own : generate.GetProperty("inputs");
        var rows = GoldenModels.Rows(expected.GetProperty("sequences"));
        var begun = GoldenModels.Begun(model, inputs);
        var eos = Optional(expected, "eos_token_id");
        var longest = Optional(expected, "max_new_tokens") ?? rows[0].Length - begun;
        using var random = new RandomSource(0);

        var generator = new TextGenerator(model, padId: 0, eos is { } id ? [id] : []);
        var responses = generator.Generate(GoldenModels.Prompts(inputs), new() { Temperature = 0, MaxNewTokens = longest }, random);

        foreach (var (row, response) in rows.Zip(responses))
        {
            var continued = row[begun..];
            Golden.Equal(continued[..response.Tokens.Length], response.Tokens, name);
            Assert.All(continued[response.Tokens.Length..], token => Assert.Equal(Optional(expected, "pad_token_id"), token));
        }
        Golden.Ran("models: greedy continuations");
    }

    static int? Optional(JsonElement json, string key) =>
        json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;
}
