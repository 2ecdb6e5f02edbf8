using Attune.Text;

namespace Attune.Export;

/// <summary>
/// A tokenizer in the metadata of a GGUF file. llama.cpp has byte-level BPE (<c>gpt2</c>), and BPE as SentencePiece has it (<c>llama</c>),
/// where each token has a score and the pair that gives the best token is merged first.
/// </summary>
sealed class GgufTokenizer
{
    enum TokenType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    readonly Tokenizer tokenizer;
    readonly IReadOnlyList<int> eosIds;
    readonly JsonField root;
    readonly Dictionary<int, AddedToken> added = [];
    readonly bool isByteLevel;

    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="eosIds">The model's end-of-sequence tokens.</param>
    /// <exception cref="InvalidDataException">llama.cpp has no such tokenizer.</exception>
    public GgufTokenizer(Tokenizer tokenizer, IReadOnlyList<int> eosIds)
    {
        this.tokenizer = tokenizer;
        this.eosIds = [.. (tokenizer.EosId is { } eos ? eosIds.Prepend(eos) : eosIds).Distinct()];
        root = tokenizer.Content;
        if (root["model"].Optional("type")?.Text() is not (null or "BPE"))
            throw Refused(root["model"], $"the model is {root["model"]["type"].Text()}");
        foreach (var token in root.Optional("added_tokens")?.Items() ?? [])
            added.TryAdd(token["id"].Whole(), AddedToken.Read(token));
        isByteLevel = PreTokenizerNames.HasByteLevel(root);
        if (this.eosIds.Count == 0)
            throw new InvalidDataException(
                "neither tokenizer_config.json nor generation_config.json names an end-of-sequence token, which llama.cpp needs; set "
                + "eos_token in tokenizer_config.json");
    }

    internal static InvalidDataException Refused(JsonField field, string what) => field.Invalid(
        $"{what}, which cannot be exported; llama.cpp has byte-level BPE with the patterns of GPT-2, Llama 3, Qwen 2 and SmolLM, and BPE "
        + "of SentencePiece with byte_fallback");

    /// <summary>
    /// Whether special tokens include the white space after them, as Phi-3's do, whose tokens llama.cpp then expects.
    /// </summary>
    public bool IsOfPhi3 => added.Values.Any(token => token is { Special: true, RStrip: true })
        && Array.TrueForAll(["<unk>", "<s>", "</s>", "<|endoftext|>"], token => tokenizer.TokenToId(token) is not null);

    /// <summary>What llama.cpp does differently.</summary>
    /// <param name="stripsRight">Whether it removes white space after special tokens.</param>
    public IEnumerable<string> Notices(bool stripsRight)
    {
        if (eosIds.Count > 3)
            yield return $"llama.cpp has a place for three end-of-sequence tokens; left out: {Texts(eosIds.Skip(3))}";
        var special = added.Where(token =>
            token.Value.LStrip || token.Value.SingleWord || (token.Value.RStrip && !(stripsRight && token.Value.Special)));
        if (special.Any())
            yield return "llama.cpp finds these tokens inside words too, and keeps the white space next to them: "
                + Texts(special.Select(token => token.Key));
        if (root.Optional("normalizer") is { } normalizer && isByteLevel)
            yield return $"llama.cpp does not normalize texts ({normalizer["type"].Text()})";
        if (root.Optional("pre_tokenizer")?.Optional("prepend_scheme")?.Text() == "first")
            yield return "llama.cpp puts a space in front of the text after each special token, and of texts that begin with a space";
    }

    string Texts(IEnumerable<int> ids) => string.Join(", ", ids.Select(id => tokenizer.IdToToken(id)));

    /// <summary>The keys, for a token embedding with a number of rows; rows without a token get unused ones.</summary>
    public IEnumerable<(string Key, object Value)> Describe(int rows)
    {
        var ids = Enumerable.Range(0, rows);
        (string Key, object Value)[] keys =
        [
            .. isByteLevel ? ByteLevelKeys() : SentencePieceKeys(rows),
            ("tokens", ids.Select(Text).ToArray()),
            ("token_type", ids.Select(id => (int)TypeOf(id)).ToArray()),
            .. SpecialIds(),
            .. AddedByTemplate(),
        ];
        return [.. keys.Select(key => ("tokenizer.ggml." + key.Key, key.Value)), .. Templates()];
    }

    IEnumerable<(string Key, object Value)> ByteLevelKeys() =>
    [
        ("model", "gpt2"),
        ("pre", PreTokenizerNames.Of(root)),
        ("merges", SentencePieceScores.Merges(root["model"]).Select(pair => $"{pair.Left} {pair.Right}").ToArray()),
    ];

    IEnumerable<(string Key, object Value)> SentencePieceKeys(int rows) =>
    [
        ("model", "llama"),
        ("pre", "default"),
        ("scores", new SentencePieceScores(root, added.ContainsKey).Of(rows)),
        ("add_space_prefix", SentencePieceScores.HasSpacePrefix(root)),
    ];

    /// <summary>llama.cpp takes the token 11 as BOS or EOS of a byte-level tokenizer without one.</summary>
    IEnumerable<(string, object)> SpecialIds()
    {
        yield return ("bos_token_id", (uint)(tokenizer.BosId ?? eosIds[0]));
        foreach (var (key, id) in new[] { "eos_token_id", "eot_token_id", "eom_token_id" }.Zip(eosIds))
            yield return (key, (uint)id);
        if (tokenizer.PadId is { } pad)
            yield return ("padding_token_id", (uint)pad);
        if (tokenizer.UnkId is { } unk)
            yield return ("unknown_token_id", (uint)unk);
    }

    IEnumerable<(string, object)> AddedByTemplate()
    {
        var (before, after) = tokenizer.AddedIds;
        if (before.Except([tokenizer.BosId ?? -1]).Concat(after.Except([eosIds[0]])).Any() || before.Length > 1 || after.Length > 1)
            throw root["post_processor"].Invalid(
                $"adds {Texts(before.Concat(after))} to each text; llama.cpp can add BOS in front and EOS at the end only");
        return [("add_bos_token", before.Length == 1), ("add_eos_token", after.Length == 1)];
    }

    IEnumerable<(string Key, object Value)> Templates() => tokenizer.ChatTemplates.Select(template => (
        template.Key == TokenizerConfig.DefaultTemplate ? "tokenizer.chat_template" : $"tokenizer.chat_template.{template.Key}",
        (object)template.Value));

    /// <summary>Text of added tokens is stored as it is; in tokens that users defined, ▁ is a space.</summary>
    string Text(int id)
    {
        if (tokenizer.IdToToken(id) is not { } token)
            return $"[PAD{id}]";
        return !isByteLevel && TypeOf(id) == TokenType.UserDefined ? token.Replace('▁', ' ') : token;
    }

    TokenType TypeOf(int id)
    {
        if (tokenizer.IdToToken(id) is not { } token)
            return TokenType.Unused;
        if (!isByteLevel && id == tokenizer.UnkId)
            return TokenType.Unknown;
        if (added.TryGetValue(id, out var known))
            return known.Special ? TokenType.Control : TokenType.UserDefined;
        return !isByteLevel && SentencePieceScores.IsByte(token) ? TokenType.Byte : TokenType.Normal;
    }
}
