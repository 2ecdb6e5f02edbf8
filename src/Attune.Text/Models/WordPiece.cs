namespace Attune.Text;

/// <summary>
/// WordPiece (Schuster and Nakajima 2012) as in BERT: from left to right the longest piece of the vocabulary, where a piece inside a
/// word has a prefix. A word that cannot be split into pieces is unknown as a whole.
/// </summary>
sealed class WordPiece : IModel
{
    readonly Vocabulary vocabulary;
    readonly string unknown;
    readonly int longestWord;
    readonly Trie pieces = new();
    readonly int inside;                                           // the node after the prefix, or none
    readonly WordCache cache = new();

    WordPiece(Vocabulary vocabulary, string unknown, string prefix, int longestWord)
    {
        (this.vocabulary, this.unknown, this.longestWord) = (vocabulary, unknown, longestWord);
        foreach (var (token, id) in vocabulary.Entries)
            pieces.Add(token, id);
        inside = NodeBehind(prefix);
    }

    public static WordPiece Read(JsonField field) => new(
        Vocabulary.Read(field["vocab"]),
        field.Optional("unk_token")?.Text() ?? "[UNK]",
        field.Optional("continuing_subword_prefix")?.Text() ?? "##",
        field.Optional("max_input_chars_per_word")?.Whole() ?? 100);

    int NodeBehind(string prefix)
    {
        var node = Trie.Root;
        foreach (var unit in prefix)
            if (!pieces.Step(ref node, unit))
                return Trie.None;
        return node;
    }

    public int VocabularySize => vocabulary.Count;

    public int? TokenToId(string token) => vocabulary[token];

    public string? IdToToken(int id) => vocabulary[id];

    public Token[] Tokenize(ReadOnlySpan<char> word)
    {
        if (cache.TryGet(word, out var tokens))
            return tokens;
        tokens = IsTooLong(word) || Pieces(word) is not { } found
            ? [new(vocabulary.IdOfUnknown(unknown), 0, word.Length)]
            : [.. found];
        cache.Add(word, tokens);
        return tokens;
    }

    bool IsTooLong(ReadOnlySpan<char> word)
    {
        if (word.Length <= longestWord)
            return false;
        var characters = 0;
        foreach (var _ in word.EnumerateRunes())
            characters++;
        return characters > longestWord;
    }

    List<Token>? Pieces(ReadOnlySpan<char> word)
    {
        var tokens = new List<Token>();
        for (var start = 0; start < word.Length; start = tokens[^1].End)
        {
            if (start > 0 && inside == Trie.None || Longest(word, start) is not { } token)
                return null;
            tokens.Add(token);
        }
        return tokens;
    }

    Token? Longest(ReadOnlySpan<char> word, int start)
    {
        Token? found = null;
        var node = start == 0 ? Trie.Root : inside;
        for (var at = start; at < word.Length && pieces.Step(ref node, word[at]); at++)
            if (pieces[node] != Trie.None)
                found = new(pieces[node], start, at + 1);
        return found;
    }
}
