using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text.Trainers;

namespace Attune.Text;

/// <summary>tokenizer_config.json: the special tokens and the chat templates. Other keys are preserved.</summary>
sealed class TokenizerConfig
{
    /// <summary>The name of the template of conversations without tools.</summary>
    public const string DefaultTemplate = "default";

    const string Least = """{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}""";

    static readonly string[] NamedParts = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    readonly JsonObject root;
    readonly JsonField content;

    /// <param name="json">The content of the file; null for the minimum that transformers needs.</param>
    /// <param name="file">The file's name in error messages.</param>
    public TokenizerConfig(string? json, string file)
    {
        content = JsonField.Parse(json ?? Least, file);
        root = JsonNode.Parse(content.Value.GetRawText()) as JsonObject ?? throw content.Wrong("an object");
    }

    /// <summary>The special token under a key such as <c>eos_token</c>, which is a string or an object with <c>content</c>.</summary>
    public string? Token(string part) => content.Optional(part) switch
    {
        null => null,
        { Value.ValueKind: JsonValueKind.Object } token => token["content"].Text(),
        { } token => token.Text(),
    };

    /// <summary>The special tokens that a chat template can use, by their keys.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens => NamedParts
        .Select(part => (Part: part, Token: Token(part)))
        .Where(named => named.Token is not null)
        .ToDictionary(named => named.Part, named => named.Token!, StringComparer.Ordinal);

    public bool Flag(string key, bool otherwise) => content.Flag(key, otherwise);

    /// <summary>The tokens of <c>added_tokens_decoder</c>, in the order of their ids.</summary>
    public IEnumerable<AddedToken> AddedTokens => (content.Optional("added_tokens_decoder")?.Members() ?? [])
        .OrderBy(member =>
            int.TryParse(member.Name, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw member.Field.Invalid("the key must be a token id"))
        .Select(member => AddedToken.Read(member.Field));

    /// <summary>The Jinja sources of the chat templates by their names; a template without a name is <c>default</c>.</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates
    {
        get
        {
            var sources = new Dictionary<string, string>(StringComparer.Ordinal);
            if (content.Optional("chat_template") is not { } template)
                return sources;
            if (template.Value.ValueKind != JsonValueKind.Array)
                sources[DefaultTemplate] = template.Text();
            else
                foreach (var named in template.Items())
                    sources[TemplateName(named["name"])] = named["template"].Text();
            return sources;
        }
    }

    /// <summary>The name of a template, of which its file's name is made.</summary>
    static string TemplateName(JsonField name) =>
        name.Text() is { Length: > 0 } text && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-')
            ? text
            : throw name.Wrong("a name of letters, digits, '_' and '-'");

    /// <summary>An error in a key, with its path in the file.</summary>
    public InvalidDataException Invalid(string part, string problem) => content[part].Invalid(problem);

    /// <summary>A copy with some keys replaced.</summary>
    public TokenizerConfig With(params IEnumerable<(string Key, string? Value)> changes)
    {
        var changed = root.DeepClone().AsObject();
        foreach (var (key, value) in changes)
            changed[key] = value;
        return new(changed.ToJsonString(TokenizerJson.Written), content.File);
    }

    /// <summary>A copy with other chat templates.</summary>
    public TokenizerConfig WithChatTemplates(IReadOnlyDictionary<string, string> sources)
    {
        var changed = root.DeepClone().AsObject();
        changed.Remove("chat_template");
        if (sources.Count == 1 && sources.TryGetValue(DefaultTemplate, out var only))
            changed["chat_template"] = only;
        else if (sources.Count > 0)
            changed["chat_template"] = new JsonArray([.. sources.Select(source =>
                new JsonObject { ["name"] = source.Key, ["template"] = source.Value })]);
        return new(changed.ToJsonString(TokenizerJson.Written), content.File);
    }

    public string ToJson() => root.ToJsonString(TokenizerJson.Written);
}
