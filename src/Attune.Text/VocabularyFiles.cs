using System.Text.Json.Nodes;
using Attune.Input;
using Attune.Text.Trainers;

namespace Attune.Text;

/// <summary>
/// The files of older tokenizers, vocab.json with merges.txt (GPT-2, RoBERTa, Qwen2) or vocab.txt (BERT), and their conversion to
/// tokenizer.json, as in transformers.
/// </summary>
sealed class VocabularyFiles
{
    /// <summary>Tokenizers that differ only in their vocabulary.</summary>
    /// <param name="Classes">Their classes in tokenizer_config.json.</param>
    /// <param name="Parts">The special tokens when the config names no others.</param>
    sealed record Family(string[] Classes, params (string Part, string Token)[] Parts);

    static readonly Family Bert = new(
        ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"],
        ("unk_token", "[UNK]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"), ("cls_token", "[CLS]"), ("mask_token", "[MASK]"));

    static readonly Family Gpt2 = new(
        ["GPT2Tokenizer"], ("bos_token", "<|endoftext|>"), ("eos_token", "<|endoftext|>"), ("unk_token", "<|endoftext|>"));

    static readonly Family Qwen2 = new(
        ["Qwen2Tokenizer"], ("eos_token", "<|endoftext|>"), ("unk_token", "<|endoftext|>"), ("pad_token", "<|endoftext|>"));

    static readonly Family Roberta = new(
        ["RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer"],
        ("bos_token", "<s>"), ("eos_token", "</s>"), ("sep_token", "</s>"), ("cls_token", "<s>"), ("unk_token", "<unk>"),
        ("pad_token", "<pad>"), ("mask_token", "<mask>"));

    readonly string folder;
    readonly string file;                                          // of the vocabulary
    readonly TokenizerConfig config;
    readonly Dictionary<string, int> vocabulary;
    readonly Family family;
    readonly Dictionary<string, int> addedIds = [];
    readonly JsonArray added = [];
    int next;                                                      // the id of the next token that is not in the vocabulary

    VocabularyFiles(string folder, string name, TokenizerConfig config)
    {
        (this.folder, file) = (folder, Path.Combine(folder, name));
        vocabulary = name == "vocab.txt" ? ReadLines(file) : ReadObject(file);
        family = FamilyOf(config, name == "vocab.txt" ? [Bert] : [Gpt2, Qwen2, Roberta]);
        this.config = config.With(family.Parts.Where(part => config.Token(part.Part) is null && vocabulary.ContainsKey(part.Token))
            .Select(part => (part.Part, (string?)part.Token)));
        next = vocabulary.Count;
        ReadAddedTokens();
    }

    /// <summary>The tokenizer of a folder without tokenizer.json, or null if it has none of these files.</summary>
    public static Tokenizer? Load(string folder, TokenizerConfig config)
    {
        var name = new[] { "vocab.json", "vocab.txt" }.FirstOrDefault(name => File.Exists(Path.Combine(folder, name)));
        if (name is null)
            return null;
        var files = new VocabularyFiles(folder, name, config);
        return Tokenizer.Create(files.Json().ToJsonString(TokenizerJson.Written), files.file, files.config);
    }

    /// <summary>One token for each line, whose number is its id; of equal tokens the last is kept.</summary>
    static Dictionary<string, int> ReadLines(string file)
    {
        var ids = new Dictionary<string, int>();
        foreach (var (id, token) in InputFile.ReadLines(file).Index())
            ids[token] = id;
        return ids;
    }

    static Dictionary<string, int> ReadObject(string file) =>
        JsonField.Parse(InputFile.ReadText(file), file).Members().ToDictionary(member => member.Name, member => member.Field.Whole());

    /// <summary>Selected by the class in the config, or, if it has none, by the tokens in the vocabulary.</summary>
    Family FamilyOf(TokenizerConfig config, Family[] families)
    {
        var named = config.Token("tokenizer_class") ?? "PreTrainedTokenizer";
        if (named.StartsWith("PreTrainedTokenizer", StringComparison.Ordinal))
            return families.MaxBy(family => family.Parts.Count(part => vocabulary.ContainsKey(part.Token)))!;
        return Array.Find(families, family => family.Classes.Any(name => named == name || named == name + "Fast"))
            ?? throw config.Invalid("tokenizer_class", $"without tokenizer.json, {Path.GetFileName(file)} is supported for "
                + $"{string.Join(", ", families.SelectMany(family => family.Classes))} only (was {named}); "
                + "save the tokenizer with transformers, which writes tokenizer.json");
    }

    void ReadAddedTokens()
    {
        foreach (var token in config.AddedTokens)
            Add(token);
        var path = Path.Combine(folder, "added_tokens.json");
        if (File.Exists(path))
            foreach (var (content, _) in ReadObject(path).OrderBy(entry => entry.Value))
                Add(content, isSpecial: family.Parts.Any(part => config.Token(part.Part) == content));
        foreach (var (part, _) in family.Parts)
            if (config.Token(part) is { } content)
                Add(content, isSpecial: true, stripsLeft: part == "mask_token" && family == Roberta);
    }

    void Add(string content, bool isSpecial, bool stripsLeft = false) =>
        Add(new(content, SingleWord: false, stripsLeft, RStrip: false, Normalized: !isSpecial, isSpecial));

    /// <summary>Adds a token, unless it was added before. It keeps its id in the vocabulary, or gets the next free one.</summary>
    void Add(AddedToken token)
    {
        if (addedIds.ContainsKey(token.Content))
            return;
        var id = vocabulary.TryGetValue(token.Content, out var known) ? known : next++;
        addedIds.Add(token.Content, id);
        added.Add(token.ToJson(id));
    }

    bool PrefixSpace => config.Flag("add_prefix_space", false);

    JsonObject Json() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = added,
        ["normalizer"] = family == Bert ? BertNormalizer() : family == Qwen2 ? new() { ["type"] = "NFC" } : null,
        ["pre_tokenizer"] = family == Bert ? new() { ["type"] = "BertPreTokenizer" }
            : family == Qwen2 ? TokenizerJson.BytesOfWords(Cl100kPattern.Qwen2Source, PrefixSpace)
            : TokenizerJson.ByteLevel(PrefixSpace, trimOffsets: true, useRegex: true),
        ["post_processor"] = PostProcessor(),
        ["decoder"] = family == Bert
            ? new() { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = true }
            : TokenizerJson.ByteLevel(PrefixSpace, trimOffsets: true, useRegex: true),
        ["model"] = family == Bert ? WordPieces() : BytePairs(),
    };

    JsonObject BertNormalizer()
    {
        var lowercase = config.Flag("do_lower_case", true);
        return TokenizerJson.BertNormalizer(
            lowercase, config.Flag("strip_accents", lowercase), config.Flag("tokenize_chinese_chars", true));
    }

    JsonObject PostProcessor()
    {
        if (family == Bert)
            return new() { ["type"] = "BertProcessing", ["sep"] = Special("sep_token"), ["cls"] = Special("cls_token") };
        if (family == Roberta)
            return new()
            {
                ["type"] = "RobertaProcessing",
                ["sep"] = Special("sep_token"),
                ["cls"] = Special("cls_token"),
                ["trim_offsets"] = true,
                ["add_prefix_space"] = PrefixSpace,
            };
        if (!config.Flag("add_bos_token", false))
            return TokenizerJson.ByteLevel(PrefixSpace, trimOffsets: false, useRegex: true);
        var bos = (string)Special("bos_token")[0]!;
        return TokenizerJson.Template($"{bos} $A", $"{bos} $A $B:1", token => addedIds[token]);
    }

    /// <summary>A special token with its id.</summary>
    JsonArray Special(string part)
    {
        var token = config.Token(part) ?? family.Parts.First(entry => entry.Part == part).Token;
        return addedIds.TryGetValue(token, out var id)
            ? [token, id]
            : throw new InvalidDataException(
                $"{file} must have the {part} '{token}'; add it, or name another in tokenizer_config.json");
    }

    JsonObject WordPieces() => new()
    {
        ["type"] = "WordPiece",
        ["unk_token"] = config.Token("unk_token") ?? "[UNK]",
        ["continuing_subword_prefix"] = "##",
        ["max_input_chars_per_word"] = 100,
        ["vocab"] = Entries(),
    };

    JsonObject BytePairs()
    {
        var path = Path.Combine(folder, "merges.txt");
        if (!File.Exists(path))
            throw new FileNotFoundException($"{file} needs merges.txt in the same folder, which does not exist", path);
        var merges = InputFile.ReadLines(path).Where(line => line.Length > 0);
        return new()
        {
            ["type"] = "BPE",
            ["vocab"] = Entries(),
            ["merges"] = new JsonArray([.. merges.Select(line => JsonValue.Create(line))]),
        };
    }

    JsonObject Entries() => new(vocabulary.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
}
