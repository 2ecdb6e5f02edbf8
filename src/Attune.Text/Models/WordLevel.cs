namespace Attune.Text;

/// <summary>Maps every word to one token, or to the unknown token.</summary>
sealed class WordLevel(Vocabulary vocabulary, string unknown) : IModel
{
    public static WordLevel Read(JsonField field) => new(Vocabulary.Read(field["vocab"]), field.Optional("unk_token")?.Text() ?? "<unk>");

    public int VocabularySize => vocabulary.Count;

    public int? TokenToId(string token) => vocabulary[token];

    public string? IdToToken(int id) => vocabulary[id];

    public Token[] Tokenize(ReadOnlySpan<char> word) =>
        [new(vocabulary.TryGet(word, out var id) ? id : vocabulary.IdOfUnknown(unknown), 0, word.Length)];
}
