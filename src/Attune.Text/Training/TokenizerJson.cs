using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Text;

/// <summary>Writes tokenizer.json and tokenizer_config.json of a trained tokenizer, in the library's form.</summary>
static class TokenizerJson
{
    public static JsonSerializerOptions Written { get; } =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(
        IReadOnlyList<string> tokens, IEnumerable<(string Left, string Right)> merges, BytePairTrainingOptions options) =>
        new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. options.SpecialTokens.Distinct().Select((token, id) => AddedToken(id, token))]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = PreTokenizer(options),
            ["post_processor"] = ByteLevel(addPrefixSpace: true, trimOffsets: false, useRegex: true),
            ["decoder"] = ByteLevel(addPrefixSpace: true, trimOffsets: true, useRegex: true),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
                ["merges"] = new JsonArray([.. merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
            },
        }.ToJsonString(Written);

    public static JsonNode AddedToken(int id, string content) => new JsonObject
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    static JsonObject PreTokenizer(BytePairTrainingOptions options)
    {
        var bytes = ByteLevel(options.AddPrefixSpace, trimOffsets: true, useRegex: options.Split is null);
        if (options.Split is null)
            return bytes;
        var split = new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = options.Split },
            ["behavior"] = "Isolated",
            ["invert"] = false,
        };
        return new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(split, bytes) };
    }

    static JsonObject ByteLevel(bool addPrefixSpace, bool trimOffsets, bool useRegex) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = trimOffsets,
        ["use_regex"] = useRegex,
    };

    public static string ConfigOf(BytePairTrainingOptions options)
    {
        var config = new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["clean_up_tokenization_spaces"] = false };
        var keys = new[]
        {
            ("bos_token", options.BosToken), ("eos_token", options.EosToken), ("pad_token", options.PadToken),
            ("unk_token", options.UnkToken), ("chat_template", options.ChatTemplate),
        };
        foreach (var (key, value) in keys.Where(key => key.Item2 is not null))
            config[key] = value;
        return config.ToJsonString(Written);
    }
}
