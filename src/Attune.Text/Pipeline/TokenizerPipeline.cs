using System.Buffers;

namespace Attune.Text;

/// <summary>The steps in a tokenizer.json: added tokens → normalizer → pre-tokenizer → model → post-processor → decoder.</summary>
sealed class TokenizerPipeline
{
    readonly AddedVocabulary added;
    readonly IModel model;
    readonly IPreTokenizer? preTokenizer;
    readonly IPostProcessor? postProcessor;
    readonly IDecoder? decoder;
    readonly SpellWord? spelling;
    readonly WordCache words = new();                              // by their text before spelling

    TokenizerPipeline(JsonField root)
    {
        if (root.Optional("version") is { } version && version.Text() != "1.0")
            throw version.Wrong("version 1.0");
        model = Models.Read(root["model"]);
        var normalizer = root.Optional("normalizer") is { } rewriting ? Normalizers.Read(rewriting) : null;
        added = new(ReadAddedTokens(root), model, normalizer);
        VocabularySize = model.VocabularySize + added.Tokens.Values.Count(token => model.TokenToId(token.Content) is null);
        preTokenizer = root.Optional("pre_tokenizer") is { } cutting ? PreTokenizers.Read(cutting) : null;
        spelling = preTokenizer?.Spelling;
        postProcessor = root.Optional("post_processor") is { } framing ? PostProcessors.Read(framing) : null;
        decoder = root.Optional("decoder") is { } joining ? Decoders.Read(joining) : null;
        Truncation = root.Optional("truncation") is { } truncation ? Truncation.Read(truncation) : null;
        Padding = root.Optional("padding") is { } padding ? Padding.Read(padding) : null;
    }

    public static TokenizerPipeline Read(JsonField root) => new(root);

    static List<AddedToken> ReadAddedTokens(JsonField root)
    {
        var (tokens, ids) = (new List<AddedToken>(), new Dictionary<int, string>());
        foreach (var field in root.Optional("added_tokens")?.Items() ?? [])
        {
            var token = AddedToken.Read(field);
            if (!ids.TryAdd(field["id"].Whole(), token.Content) && ids[field["id"].Whole()] is var other && other != token.Content)
                throw field.Invalid($"'{other}' and '{token.Content}' both have the id {field["id"].Whole()}");
            tokens.Add(token);
        }
        return tokens;
    }

    public Truncation? Truncation { get; }

    public Padding? Padding { get; }

    public int VocabularySize { get; }

    public int BaseVocabularySize => model.VocabularySize;

    public int? TokenToId(string token) => added.IdOf(token) ?? model.TokenToId(token);

    public string? IdToToken(int id) => added.Tokens.TryGetValue(id, out var token) ? token.Content : model.IdToToken(id);

    public IReadOnlyCollection<string> SpecialTokens => added.SpecialTokens;

    public bool IsSpecial(string token) => added.IsSpecial(token);

    public void AppendIds(string text, List<int> ids)
    {
        var draft = Prepare(text, aligned: false, spelled: spelling is null);
        foreach (var piece in draft.Pieces)
        {
            if (piece.IsToken)
                ids.Add(piece.Token);
            else
                foreach (var token in Tokenize(draft[piece]))
                    ids.Add(token.Id);
        }
    }

    /// <summary>The tokens of a word; one that is spelled in other characters is spelled when it is seen first.</summary>
    Token[] Tokenize(ReadOnlySpan<char> word)
    {
        if (spelling is null)
            return model.Tokenize(word);
        if (words.TryGet(word, out var known))
            return known;
        var spelled = new ArrayBufferWriter<char>(word.Length + 16);
        spelling(word, spelled);
        var tokens = model.Tokenize(spelled.WrittenSpan);
        words.Add(word, tokens);
        return tokens;
    }

    public Encoding Encode(string text, int typeId, Truncation? truncation)
    {
        var draft = Prepare(text, aligned: true);
        var found = Tokenize(draft, truncation?.Enough(typeId) ?? int.MaxValue, truncation?.Direction ?? Side.Right);
        return new()
        {
            Ids = [.. found.Select(entry => entry.Token.Id)],
            Tokens = [.. found.Select(entry => entry.Piece.IsToken
                ? draft[entry.Piece].ToString()
                : model.TextOf(entry.Token, draft[entry.Piece]))],
            Offsets = [.. found.Select(entry => draft.Origin(entry.Piece, entry.Token.Start, entry.Token.End))],
            TypeIds = Encoding.Filled(found.Count, typeId),
            AttentionMask = Encoding.Filled(found.Count, true),
            SpecialTokensMask = new bool[found.Count],
        };
    }

    /// <summary>Tokenizes piece by piece, from the side that truncation keeps, until there are enough tokens.</summary>
    List<(Piece Piece, Token Token)> Tokenize(Draft draft, int enough, Side cutAt)
    {
        var result = new List<(Piece, Token)>();
        foreach (var piece in cutAt == Side.Right ? draft.Pieces : draft.Pieces.Reverse())
        {
            var tokens = piece.IsToken ? [new(piece.Token, 0, piece.End - piece.Start)] : model.Tokenize(draft[piece]);
            result.AddRange((cutAt == Side.Right ? tokens : tokens.Reverse()).Select(token => (piece, token)));
            if (result.Count >= enough && !piece.IsToken)
                break;
        }
        if (cutAt == Side.Left)
            result.Reverse();
        return result;
    }

    /// <param name="text">The text.</param>
    /// <param name="aligned">Whether the origin of tokens is needed.</param>
    /// <param name="spelled">Whether words are spelled as the model reads them.</param>
    Draft Prepare(string text, bool aligned, bool spelled = true)
    {
        var draft = new Draft(Draft.WellFormed(text), aligned || preTokenizer?.NeedsAlignment == true);
        added.Extract(draft);
        if (spelled)
            preTokenizer?.Apply(draft);
        else
            preTokenizer?.Divide(draft);
        return draft;
    }

    /// <summary>Truncates one or two encodings and adds the special tokens.</summary>
    public Encoding Finish(IReadOnlyList<Encoding> texts, bool addSpecialTokens, Truncation? truncation)
    {
        var reserved = addSpecialTokens ? postProcessor?.Added(pair: texts.Count == 2) ?? 0 : 0;
        var cut = truncation?.Apply(texts, reserved) ?? texts;
        var parts = postProcessor?.Process(cut, addSpecialTokens) ?? cut;
        return parts.Aggregate((all, part) => all.Followed(part));
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
            if (IdToToken(id) is { } token && !(skipSpecialTokens && IsSpecial(token)))
                tokens.Add(added.NormalizedText(id) ?? token);
        return decoder is null ? string.Join(' ', tokens) : string.Concat(decoder.Decode(tokens));
    }
}
