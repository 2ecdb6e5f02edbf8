using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Attune.Text.Trainers;

namespace Attune.Text;

/// <summary>
/// Encodes text to token ids and decodes them, exactly as Hugging Face's <c>tokenizers</c> does with the same tokenizer.json.
/// Immutable, and safe to use from several threads.
/// </summary>
public sealed class Tokenizer
{
    const int Text = -1;                                           // the position of the text's ids among the special tokens

    readonly string json;
    readonly TokenizerConfig config;
    readonly TokenizerPipeline pipeline;
    readonly Lazy<int[]> frame;
    readonly Lazy<ChatTemplate> conversations;

    Tokenizer(string json, string file, TokenizerConfig config)
    {
        (this.json, this.config) = (json, config);
        pipeline = TokenizerPipeline.Read(JsonField.Parse(json, file));
        (BosId, EosId, PadId, UnkId) = (IdOf("bos_token"), IdOf("eos_token"), IdOf("pad_token", "[PAD]"), IdOf("unk_token"));
        (ClsId, SepId, MaskId) = (IdOf("cls_token", "[CLS]"), IdOf("sep_token", "[SEP]"), IdOf("mask_token", "[MASK]"));
        var templates = config.ChatTemplates;
        ChatTemplate = templates.GetValueOrDefault(TokenizerConfig.DefaultTemplate);
        frame = new(FindFrame);
        conversations = new(() => Compile(templates));
    }

    internal static Tokenizer Create(string json, string file, TokenizerConfig config) => new(json, file, config);

    /// <summary>
    /// Reads tokenizer.json (or in older folders vocab.json with merges.txt, or vocab.txt) and, if they exist, tokenizer_config.json,
    /// special_tokens_map.json, chat_template.jinja and additional_chat_templates. Throws <see cref="FileNotFoundException"/> if there is
    /// no tokenizer and <see cref="InvalidDataException"/> if a file is invalid, inconsistent, or has settings that are not supported.
    /// </summary>
    public static Tokenizer Load(string folder) => TokenizerFolder.Load(folder);

    /// <summary>Reads the contents of tokenizer.json and tokenizer_config.json.</summary>
    public static Tokenizer Parse(string tokenizerJson, string? tokenizerConfigJson = null) =>
        new(tokenizerJson, "tokenizer.json", new(tokenizerConfigJson, "tokenizer_config.json"));

    /// <summary>Writes tokenizer.json and tokenizer_config.json, which transformers' AutoTokenizer loads.</summary>
    public void Save(string folder) => TokenizerFolder.Save(folder, json, config);

    /// <summary>
    /// The SHA-256, in hexadecimal digits, of all that decides how texts and conversations are encoded: the files, and the time where a
    /// chat template writes it.
    /// </summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\0',
        [json, config.ToJson(), ChatTemplates.Values.Any(WritesTime) ? $"{TemplateTime:O}" : ""]))));

    static bool WritesTime(string jinja) => jinja.Contains("strftime_now", StringComparison.Ordinal);

    /// <summary>The content of tokenizer.json.</summary>
    internal JsonField Content => JsonField.Parse(json, "tokenizer.json");

    /// <summary>The Jinja sources of the chat templates by their names.</summary>
    internal IReadOnlyDictionary<string, string> ChatTemplates => config.ChatTemplates;

    /// <summary>The ids of the special tokens that the template adds before and after a text.</summary>
    internal (int[] Before, int[] After) AddedIds => Array.IndexOf(frame.Value, Text) is var at
        ? (frame.Value[..at], frame.Value[(at + 1)..])
        : default;

    /// <summary>Whether every id is the same token in both.</summary>
    public bool HasSameTokensAs(Tokenizer other) => this == other
        || (VocabularySize == other.VocabularySize && Enumerable.Range(0, VocabularySize).All(id => IdToToken(id) == other.IdToToken(id)));

    /// <summary>The number of tokens, including added tokens.</summary>
    public int VocabularySize => pipeline.VocabularySize;

    /// <summary>The number of tokens of the model, without added tokens.</summary>
    public int BaseVocabularySize => pipeline.BaseVocabularySize;

    /// <summary>The beginning-of-sequence token (BOS) in tokenizer_config.json, or null.</summary>
    public int? BosId { get; }

    /// <summary>The end-of-sequence token (EOS), or null.</summary>
    public int? EosId { get; }

    /// <summary>The padding token, or null.</summary>
    public int? PadId { get; }

    /// <summary>The id to pad batches with; a mask hides it.</summary>
    public int FillId => PadId ?? EosId ?? 0;

    /// <summary>The token for text that the vocabulary does not have, or null.</summary>
    public int? UnkId { get; }

    /// <summary>The classification token before a text, whose hidden state represents the whole text, or null.</summary>
    public int? ClsId { get; }

    /// <summary>The separator token after each of two texts, or null.</summary>
    public int? SepId { get; }

    /// <summary>The mask token of masked language models, or null.</summary>
    public int? MaskId { get; }

    /// <summary>The Jinja source of the chat template, or null.</summary>
    public string? ChatTemplate { get; }

    /// <summary>The time that <c>strftime_now</c> formats; null for the current one.</summary>
    public DateTime? TemplateTime { get; private set; }

    /// <summary>A copy with another <see cref="TemplateTime"/>.</summary>
    public Tokenizer WithTemplateTime(DateTime time)
    {
        var copy = (Tokenizer)MemberwiseClone();
        copy.TemplateTime = time;
        return copy;
    }

    /// <summary>The chat template, compiled on first use.</summary>
    internal ChatTemplate Conversations => conversations.Value;

    public int? TokenToId(string token) => pipeline.TokenToId(token);

    public string? IdToToken(int id) => pipeline.IdToToken(id);

    /// <summary>The texts of the special tokens.</summary>
    public IReadOnlyCollection<string> SpecialTokens => pipeline.SpecialTokens;

    /// <summary>Whether decoding skips this token when it skips special tokens.</summary>
    public bool IsSpecial(int id) => IdToToken(id) is { } token && pipeline.IsSpecial(token);

    /// <summary>
    /// The ids of a text, optionally with the special tokens of the tokenizer's template (such as BOS). Does not truncate or pad,
    /// whatever tokenizer.json has.
    /// </summary>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        var ids = new List<int>(text.Length / 3 + 8);
        foreach (var id in addSpecialTokens ? frame.Value : [Text])
        {
            if (id == Text)
                pipeline.AppendIds(text, ids);
            else
                ids.Add(id);
        }
        return [.. ids];
    }

    /// <summary>The ids that the template adds to a text, whose position is <see cref="Text"/>.</summary>
    int[] FindFrame()
    {
        var text = Encoding.Added([Text], [""], typeId: 0);
        return pipeline.Finish([text], addSpecialTokens: true, truncation: null).Ids;
    }

    /// <summary>
    /// The tokens of a text, or of two, with all their data. Truncated and padded by the settings of tokenizer.json, which usually has
    /// none.
    /// </summary>
    public Encoding EncodeFull(string text, string? pair = null, bool addSpecialTokens = true) =>
        EncodeBatch([(text, pair)], addSpecialTokens, pipeline.Truncation, pipeline.Padding)[0];

    /// <summary>Encodes texts, or pairs of texts, with truncation and padding.</summary>
    public IReadOnlyList<Encoding> EncodeBatch(
        IEnumerable<(string Text, string? Pair)> texts,
        bool addSpecialTokens = true,
        Truncation? truncation = null,
        Padding? padding = null)
    {
        Encoding[] batch = [.. texts.Select(text => EncodeOne(text.Text, text.Pair, addSpecialTokens, truncation))];
        return padding?.Apply(batch) ?? batch;
    }

    Encoding EncodeOne(string text, string? pair, bool addSpecialTokens, Truncation? truncation)
    {
        var first = pipeline.Encode(text, typeId: 0, truncation);
        Encoding[] texts = pair is null ? [first] : [first, pipeline.Encode(pair, typeId: 1, truncation)];
        return pipeline.Finish(texts, addSpecialTokens, truncation);
    }

    /// <summary>The text of the ids. Ids that are not tokens are ignored, and bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => pipeline.Decode(ids, skipSpecialTokens);

    /// <summary>A stream that decodes ids one at a time.</summary>
    public DecodeStream NewDecodeStream(bool skipSpecialTokens = false) => new(this, skipSpecialTokens);

    /// <summary>A copy with another chat template, or with none.</summary>
    public Tokenizer WithChatTemplate(string? jinja) =>
        new(json, "tokenizer.json", config.With(("chat_template", jinja))) { TemplateTime = TemplateTime };

    /// <summary>
    /// A copy with other special tokens; null keeps one. A text that is not a token yet becomes a new special token with the highest
    /// id, so that the model's embedding must grow to <see cref="VocabularySize"/>.
    /// </summary>
    public Tokenizer WithSpecialTokens(string? bos = null, string? eos = null, string? pad = null, string? unk = null)
    {
        (string Part, string? Token)[] parts = [("bos_token", bos), ("eos_token", eos), ("pad_token", pad), ("unk_token", unk)];
        return WithSpecialTokens(parts.Where(part => part.Token is not null), []);
    }

    /// <summary>A copy with ChatML as its chat template, after the beginning-of-sequence token if texts begin with it.</summary>
    /// <param name="specialTokens">
    /// Whether <c>&lt;|im_start|&gt;</c> and <c>&lt;|im_end|&gt;</c> become special tokens, with the highest ids where they are new, and
    /// the second the end-of-sequence token.
    /// </param>
    public Tokenizer WithChatMl(bool specialTokens)
    {
        var begin = BosId is { } bos && frame.Value[0] == bos ? "{{ bos_token }}" : "";
        var markers = Attune.Text.ChatTemplate.ChatMlTokens;
        return (specialTokens ? WithSpecialTokens([("eos_token", markers[1])], markers) : this)
            .WithChatTemplate(begin + Attune.Text.ChatTemplate.ChatMl);
    }

    Tokenizer WithSpecialTokens(IEnumerable<(string Part, string? Token)> parts, IEnumerable<string> others)
    {
        var given = parts.ToList();
        var missing = others.Concat(given.Select(part => part.Token!)).Distinct().Where(token => TokenToId(token) is null);
        var root = JsonNode.Parse(json)!.AsObject();
        var added = root["added_tokens"]?.DeepClone() as JsonArray ?? [];
        foreach (var (index, token) in missing.Index())
            added.Add(TokenizerJson.AddedToken(VocabularySize + index, token));
        root["added_tokens"] = added;
        return new(root.ToJsonString(TokenizerJson.Written), "tokenizer.json", config.With(given)) { TemplateTime = TemplateTime };
    }

    ChatTemplate Compile(IReadOnlyDictionary<string, string> sources) =>
        ChatTemplate is null && sources.Count > 0
            ? throw config.Invalid("chat_template", $"the tokenizer has the chat templates {string.Join(", ", sources.Keys)}, but none "
                + $"with the name {TokenizerConfig.DefaultTemplate}")
            : new(ChatTemplate ?? Attune.Text.ChatTemplate.ChatMl, config.SpecialTokens, sources.GetValueOrDefault("tool_use"));

    /// <summary>The token that tokenizer_config.json names, or else the one that BERT's tokenizers have by default.</summary>
    int? IdOf(string part, string? usual = null)
    {
        if (config.Token(part) is { } token)
            return TokenToId(token)
                ?? throw config.Invalid(part, $"'{token}' is not in the vocabulary; add it to tokenizer.json, or name another");
        return usual is not null && pipeline.IsSpecial(usual) ? TokenToId(usual) : null;
    }
}
