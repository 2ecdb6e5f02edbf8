using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text.Trainers;

namespace Attune.Text;

/// <summary>tokenizer_config.json: which tokens play which part, and the chat template. Keys that are not read here are kept.</summary>
sealed class TokenizerConfig
{
    const string Least = """{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}""";

    static readonly string[] NamedParts = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    readonly JsonObject root;
    readonly JsonField content;

    /// <param name="json">The text of the file; null for the least that transformers needs.</param>
    /// <param name="file">Its name, for messages.</param>
    public TokenizerConfig(string? json, string file)
    {
        content = JsonField.Parse(json ?? Least, file);
        root = JsonNode.Parse(content.Value.GetRawText()) as JsonObject ?? throw content.Wrong("an object");
    }

    /// <summary>The token that plays a part such as <c>eos_token</c>, written as a string or as an object with <c>content</c>.</summary>
    public string? Token(string part) => content.Optional(part) switch
    {
        null => null,
        { Value.ValueKind: JsonValueKind.Object } token => token["content"].Text(),
        { } token => token.Text(),
    };

    /// <summary>The tokens that a chat template knows by the name of their part.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens => NamedParts
        .Select(part => (Part: part, Token: Token(part)))
        .Where(named => named.Token is not null)
        .ToDictionary(named => named.Part, named => named.Token!, StringComparer.Ordinal);

    public bool Flag(string key, bool otherwise) => content.Flag(key, otherwise);

    /// <summary>The tokens of <c>added_tokens_decoder</c>, in the order of their ids.</summary>
    public IEnumerable<AddedToken> AddedTokens => (content.Optional("added_tokens_decoder")?.Members() ?? [])
        .OrderBy(member =>
            int.TryParse(member.Name, CultureInfo.InvariantCulture, out var id) ? id : throw member.Field.Invalid("the key is no id"))
        .Select(member => AddedToken.Read(member.Field));

    /// <summary>The Jinja source; of several named templates the one called <c>default</c>.</summary>
    public string? ChatTemplate => content.Optional("chat_template") switch
    {
        null => null,
        { Value.ValueKind: JsonValueKind.Array } templates => templates.Items()
            .FirstOrDefault(template => template["name"].Text() == "default") is { File: not null } named ? named["template"].Text() : null,
        { } template => template.Text(),
    };

    /// <summary>What is wrong with a part, said with its place in the file.</summary>
    public InvalidDataException Invalid(string part, string problem) => content[part].Invalid(problem);

    /// <summary>The same with some keys replaced.</summary>
    public TokenizerConfig With(params IEnumerable<(string Key, string? Value)> changes)
    {
        var changed = root.DeepClone().AsObject();
        foreach (var (key, value) in changes)
            changed[key] = value;
        return new(changed.ToJsonString(TokenizerJson.Written), content.File);
    }

    public string ToJson() => root.ToJsonString(TokenizerJson.Written);
}
