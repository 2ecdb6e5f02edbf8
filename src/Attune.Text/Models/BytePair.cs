namespace Attune.Text;

/// <summary>
/// Byte-pair encoding over the characters from the pre-tokenizer. Sennrich et al. 2016, https://arxiv.org/abs/1508.07909
/// </summary>
sealed class BytePair : IModel
{
    readonly Vocabulary vocabulary;
    readonly MergeTable merges;
    readonly BytePairOptions options;
    readonly int?[] bytes;                                         // the tokens <0x00> … <0xFF>
    readonly WordCache cache = new();

    BytePair(Vocabulary vocabulary, MergeTable merges, BytePairOptions options)
    {
        (this.vocabulary, this.merges, this.options) = (vocabulary, merges, options);
        bytes = [.. Enumerable.Range(0, 256).Select(value => vocabulary[ByteTokens.FromByte((byte)value)])];
    }

    public static BytePair Read(JsonField field)
    {
        var (tokens, settings) = (Vocabulary.Read(field["vocab"]), BytePairOptions.Read(field));
        return new(tokens, MergeTable.Read(field["merges"], tokens, settings.ContinuingSubwordPrefix), settings);
    }

    public int VocabularySize => vocabulary.Count;

    public int? TokenToId(string token) => vocabulary[token];

    public string? IdToToken(int id) => vocabulary[id];

    public Token[] Tokenize(ReadOnlySpan<char> word)
    {
        if (cache.TryGet(word, out var tokens))
            return tokens;
        tokens = options.IgnoreMerges && vocabulary.TryGet(word, out var id)
            ? [new(id, 0, word.Length)]
            : InUnits(WordMerge.Apply(Characters(word), merges), word);
        cache.Add(word, tokens);
        return tokens;
    }

    /// <summary>
    /// The word before any merge: one token for each character, which starts where the previous one ends, in bytes of UTF-8. (So tokens
    /// after a dropped character are shifted, as in Hugging Face's tokenizers.)
    /// </summary>
    List<Token> Characters(ReadOnlySpan<char> word)
    {
        var tokens = new List<Token>(word.Length);
        var unknown = 0;                                           // bytes of the pending unknown token
        for (var (start, end) = (0, 0); start < word.Length; start = end)
        {
            end = start + (char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1);
            var size = System.Text.Encoding.UTF8.GetByteCount(word[start..end]);
            if (TryGet(word, start, end, out var id))
            {
                FlushUnknown(tokens, ref unknown);
                Append(tokens, id, size);
            }
            else if (!AddBytes(word, start, end, tokens) && options.UnknownToken is not null)
            {
                if (!options.FuseUnknown)
                    FlushUnknown(tokens, ref unknown);
                unknown += size;
            }
        }
        FlushUnknown(tokens, ref unknown);
        return tokens;
    }

    static void Append(List<Token> tokens, int id, int size)
    {
        var start = tokens.Count > 0 ? tokens[^1].End : 0;
        tokens.Add(new(id, start, start + size));
    }

    void FlushUnknown(List<Token> tokens, ref int size)
    {
        if (size == 0)
            return;
        Append(tokens, vocabulary.IdOfUnknown(options.UnknownToken!), size);
        size = 0;
    }

    /// <summary>
    /// Converts byte positions to UTF-16 positions. Positions beyond the word, which an affix spelled in bytes can give, become that of
    /// its last character.
    /// </summary>
    Token[] InUnits(Token[] tokens, ReadOnlySpan<char> word)
    {
        if (System.Text.Ascii.IsValid(word) && !HasAffixes)
            return tokens;
        var units = new List<int>(word.Length * 2);                // the UTF-16 unit of each byte
        for (var unit = 0; unit < word.Length; unit++)
            for (var size = word[unit] < 0x80 ? 1 : word[unit] < 0x800 || char.IsSurrogate(word[unit]) ? 2 : 3; size > 0; size--)
                units.Add(unit);
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = tokens[i] with { Start = UnitOf(tokens[i].Start), End = UnitOf(tokens[i].End - 1) + 1 };
        return tokens;

        int UnitOf(int at) => units[Math.Min(at, units.Count - 1)];
    }

    bool TryGet(ReadOnlySpan<char> word, int start, int end, out int id) =>
        HasAffixes ? vocabulary.TryGet(Affixed(word, start, end), out id) : vocabulary.TryGet(word[start..end], out id);

    bool HasAffixes => options is not { ContinuingSubwordPrefix.Length: 0, EndOfWordSuffix.Length: 0 };

    string Affixed(ReadOnlySpan<char> word, int start, int end) => string.Concat(
        start > 0 ? options.ContinuingSubwordPrefix : "", word[start..end], end == word.Length ? options.EndOfWordSuffix : "");

    bool AddBytes(ReadOnlySpan<char> word, int start, int end, List<Token> tokens)
    {
        if (!options.ByteFallback || ByteTokens.Spell(Affixed(word, start, end), bytes) is not { } spelled)
            return false;
        foreach (var id in spelled)
            Append(tokens, id, size: 1);
        return true;
    }
}
