namespace Attune.Text;

/// <summary>
/// The tokens in addition to the model's vocabulary. Those with <see cref="AddedToken.Normalized"/> false are found in the raw text,
/// the others in the normalized text between them. As in Hugging Face's tokenizers, the ids in the file are ignored: a token of the
/// model's vocabulary keeps its id, and the others are numbered from the vocabulary's size.
/// </summary>
sealed class AddedVocabulary
{
    readonly Dictionary<string, int> ids = [];
    readonly Dictionary<int, AddedToken> tokens = [];
    readonly Dictionary<int, string> normalizedTexts = [];
    readonly HashSet<string> special = [];
    readonly INormalizer? normalizer;
    readonly TokenTrie raw;
    readonly TokenTrie normalized;

    public AddedVocabulary(IReadOnlyList<AddedToken> added, IModel model, INormalizer? normalizer)
    {
        this.normalizer = normalizer;
        foreach (var token in added.Where(token => token.Content.Length > 0))
            Add(token, model);
        var ordered = added.Where(token => ids.ContainsKey(token.Content)).OrderByDescending(token => IsSpecial(token.Content)).ToList();
        raw = new([.. ordered.Where(token => !token.Normalized).Select(token => (token.Content, ids[token.Content]))]);
        normalized = new([.. ordered.Where(token => token.Normalized).Select(token => (Normalize(token.Content), ids[token.Content]))]);
        foreach (var (id, token) in tokens.Where(entry => entry.Value.Normalized))
            normalizedTexts[id] = Normalize(token.Content);
    }

    void Add(AddedToken token, IModel model)
    {
        if (token.Special)
            special.Add(token.Content);
        var id = IdOf(token.Content) ?? model.TokenToId(token.Content) ?? Math.Max(model.VocabularySize, HighestId + 1);
        HighestId = Math.Max(HighestId, id);
        ids[token.Content] = id;
        tokens[id] = token;
    }

    public IReadOnlyDictionary<int, AddedToken> Tokens => tokens;

    /// <summary>The normalized text of a token that is matched after normalization, which decoders expect; null for other tokens.</summary>
    public string? NormalizedText(int id) => normalizedTexts.GetValueOrDefault(id);

    int HighestId { get; set; } = -1;

    public int? IdOf(string content) => ids.TryGetValue(content, out var id) ? id : null;

    public IReadOnlyCollection<string> SpecialTokens => special;

    public bool IsSpecial(string content) => special.Contains(content);

    /// <summary>Splits a draft at the added tokens and normalizes the rest.</summary>
    public void Extract(Draft draft)
    {
        draft.Split((piece, output) => Cut(piece, raw, output));
        normalizer?.Normalize(draft);
        draft.Split((piece, output) => Cut(piece, normalized, output));
    }

    void Cut(ReadOnlySpan<char> text, TokenTrie trie, List<Piece> output)
    {
        var (done, at) = (0, 0);
        while (trie.Find(text, at, out var found))
        {
            at = found.End;
            var token = tokens[found.Token];
            if (token.SingleWord && InsideWord(text, found))
                continue;
            var start = token.LStrip ? Math.Max(done, StripLeft(text, found.Start, done)) : found.Start;
            var end = token.RStrip ? StripRight(text, found.End) : found.End;
            output.Add(new(done, Math.Max(done, start)));
            output.Add(new(start, end, found.Token));
            done = end;
        }
        output.Add(new(done, text.Length));
    }

    static bool InsideWord(ReadOnlySpan<char> text, Piece found) =>
        CodePoints.EndsInWord(text[..found.Start]) || CodePoints.StartsInWord(text[found.End..]);

    static int StripLeft(ReadOnlySpan<char> text, int start, int least)
    {
        while (start > least && char.IsWhiteSpace(text[start - 1]))
            start--;
        return start;
    }

    static int StripRight(ReadOnlySpan<char> text, int end)
    {
        while (end < text.Length && char.IsWhiteSpace(text[end]))
            end++;
        return end;
    }

    string Normalize(string content)
    {
        if (normalizer is null)
            return content;
        var draft = new Draft(content, aligned: false);
        normalizer.Normalize(draft);
        return string.Concat(draft.Pieces.Select(piece => draft[piece].ToString()));
    }
}
