using System.Text.Json.Nodes;

namespace Attune.Text.Trainers;

/// <summary>A tokenizer.json without its model: the special tokens, which have the first ids, and the other steps.</summary>
sealed record TokenizerFrame(IReadOnlyList<string> SpecialTokens)
{
    public JsonObject? Normalizer { get; init; }

    public required JsonObject PreTokenizer { get; init; }

    public JsonObject? PostProcessor { get; init; }

    public required JsonObject Decoder { get; init; }

    /// <summary>Special tokens with ids after the model's.</summary>
    public IReadOnlyList<string> LastTokens { get; init; } = [];

    /// <summary>The tokenizer with a model.</summary>
    /// <param name="model">The model, as in tokenizer.json.</param>
    /// <param name="size">The number of its tokens.</param>
    /// <param name="config">The keys of tokenizer_config.json; those without a value are omitted.</param>
    public Tokenizer Complete(JsonObject model, int size, params IEnumerable<(string Key, string? Value)> config)
    {
        var json = ToJson();
        foreach (var (index, token) in LastTokens.Index())
            json["added_tokens"]!.AsArray().Add(TokenizerJson.AddedToken(size + index, token));
        json["model"] = model;
        return Tokenizer.Parse(json.ToJsonString(TokenizerJson.Written), TokenizerJson.Config(config));
    }

    public JsonObject ToJson() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. SpecialTokens.Distinct().Select((token, id) => TokenizerJson.AddedToken(id, token))]),
        ["normalizer"] = Normalizer?.DeepClone(),
        ["pre_tokenizer"] = PreTokenizer.DeepClone(),
        ["post_processor"] = PostProcessor?.DeepClone(),
        ["decoder"] = Decoder.DeepClone(),
    };
}
