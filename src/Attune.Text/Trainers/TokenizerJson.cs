using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Text.Trainers;

/// <summary>Writes the parts of tokenizer.json and tokenizer_config.json in the format of Hugging Face's tokenizers.</summary>
static class TokenizerJson
{
    public static JsonSerializerOptions Written { get; } =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject AddedToken(int id, string content) =>
        new AddedToken(content, SingleWord: false, LStrip: false, RStrip: false, Normalized: false, Special: true).ToJson(id);

    public static JsonObject ByteLevel(bool addPrefixSpace, bool trimOffsets, bool useRegex) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = trimOffsets,
        ["use_regex"] = useRegex,
    };

    /// <summary>A pre-tokenizer that splits by a regular expression and then replaces bytes by characters.</summary>
    public static JsonObject BytesOfWords(string regex, bool addPrefixSpace) => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(Split(regex), ByteLevel(addPrefixSpace, trimOffsets: true, useRegex: false)),
    };

    /// <summary>A pre-tokenizer whose pieces are the matches of a regular expression.</summary>
    public static JsonObject Split(string regex) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = regex },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    /// <summary>BERT's normalizer; by default accents are removed if the text is lower-cased.</summary>
    public static JsonObject BertNormalizer(bool lowercase, bool? stripAccents = null, bool spaceChinese = true) => new()
    {
        ["type"] = "BertNormalizer",
        ["clean_text"] = true,
        ["handle_chinese_chars"] = spaceChinese,
        ["strip_accents"] = stripAccents,
        ["lowercase"] = lowercase,
    };

    /// <summary>Tokens with consecutive ids.</summary>
    public static JsonObject Vocabulary(IReadOnlyList<string> tokens) =>
        new(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));

    /// <summary>A template such as <c>[CLS] $A:0 [SEP] $B:1 [SEP]:1</c>, where the type id follows a colon.</summary>
    public static JsonObject Template(string single, string pair, Func<string, int> idOf)
    {
        var used = Parts(single).Concat(Parts(pair)).Select(part => part.Name).Where(name => !name.StartsWith('$')).Distinct();
        return new()
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Parts(single).Select(Part)]),
            ["pair"] = new JsonArray([.. Parts(pair).Select(Part)]),
            ["special_tokens"] = new JsonObject(used.Select(token => KeyValuePair.Create(token, (JsonNode?)new JsonObject
            {
                ["id"] = token,
                ["ids"] = new JsonArray(idOf(token)),
                ["tokens"] = new JsonArray(token),
            }))),
        };
    }

    static IEnumerable<(string Name, int TypeId)> Parts(string template) =>
        template.Split(' ').Select(part => part.Split(':')).Select(part => (part[0], part.Length > 1 ? int.Parse(part[1]) : 0));

    static JsonNode Part((string Name, int TypeId) part) => new JsonObject
    {
        [part.Name.StartsWith('$') ? "Sequence" : "SpecialToken"] =
            new JsonObject { ["id"] = part.Name.TrimStart('$'), ["type_id"] = part.TypeId },
    };

    /// <summary>tokenizer_config.json with these keys; those without a value are omitted.</summary>
    public static string Config(IEnumerable<(string Key, string? Value)> keys)
    {
        var config = new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["clean_up_tokenization_spaces"] = false };
        foreach (var (key, value) in keys.Where(key => key.Value is not null))
            config[key] = value;
        return config.ToJsonString(Written);
    }
}
