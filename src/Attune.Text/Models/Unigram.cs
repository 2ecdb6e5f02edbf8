namespace Attune.Text;

/// <summary>
/// The unigram language model (Kudo 2018, https://arxiv.org/abs/1804.10959): splits a word into the pieces with the largest sum of
/// log-probabilities, found from left to right (Viterbi). A character that is not a piece costs a penalty; consecutive unknown
/// characters become one token.
/// </summary>
sealed class Unigram : IModel
{
    const double UnknownPenalty = 10;

    /// <summary>The best path to a position in the word: its last piece, the start of that piece, and the sum of scores.</summary>
    readonly record struct Arrival(int Start, int Id, double Score);

    readonly string[] vocabulary;
    readonly double[] scores;
    readonly Dictionary<string, int> ids = [];
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> idsOfSpans;
    readonly Trie pieces = new();
    readonly int unknown;
    readonly double unknownScore;
    readonly int?[]? bytes;                                        // the tokens <0x00> … <0xFF>, with byte fallback
    readonly WordCache cache = new();

    Unigram(IReadOnlyList<(string Token, double Score)> entries, int? unknown, bool byteFallback)
    {
        (vocabulary, scores) = ([.. entries.Select(entry => entry.Token)], [.. entries.Select(entry => entry.Score)]);
        foreach (var (id, token) in vocabulary.Index())
            ids[token] = id;                                       // of equal tokens the last is kept
        foreach (var (token, id) in ids)
            pieces.Add(token, id);
        idsOfSpans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        this.unknown = unknown ?? Trie.None;
        unknownScore = scores.DefaultIfEmpty().Min() - UnknownPenalty;
        bytes = byteFallback ? [.. Enumerable.Range(0, 256).Select(value => TokenToId(ByteTokens.FromByte((byte)value)))] : null;
    }

    public static Unigram Read(JsonField field)
    {
        var entries = field["vocab"].Items().Select(ReadEntry).ToList();
        var unknownId = field.Optional("unk_id")?.Whole();
        return unknownId >= entries.Count
            ? throw field["unk_id"].Wrong($"null or an id below {entries.Count}, the size of the vocabulary")
            : new(entries, unknownId, field.Flag("byte_fallback", false));
    }

    static (string Token, double Score) ReadEntry(JsonField field) => field.Items().ToList() is [var token, var score]
        ? (token.Text(), score.Number())
        : throw field.Wrong("a list with a token and its score");

    public int VocabularySize => vocabulary.Length;

    public int? TokenToId(string token) => ids.TryGetValue(token, out var id) ? id : null;

    public string? IdToToken(int id) => (uint)id < (uint)vocabulary.Length ? vocabulary[id] : null;

    /// <summary>An unknown token is written as its text, as in Hugging Face's tokenizers.</summary>
    public string TextOf(Token token, ReadOnlySpan<char> word) =>
        token.Id == unknown ? word[token.Start..token.End].ToString() : vocabulary[token.Id];

    public Token[] Tokenize(ReadOnlySpan<char> word)
    {
        if (cache.TryGet(word, out var found))
            return found;
        var tokens = new List<Token>();
        foreach (var token in Path(Arrivals(word)))
        {
            if (token.Id == unknown)
                tokens.AddRange(Resolve(token, word));
            else
                tokens.Add(token);
        }
        found = [.. tokens];
        cache.Add(word, found);
        return found;
    }

    /// <summary>The best path to every position of the word; positions inside a surrogate pair are never reached.</summary>
    Arrival[] Arrivals(ReadOnlySpan<char> word)
    {
        var best = new Arrival[word.Length + 1];
        Array.Fill(best, new(Trie.None, Trie.None, 0));
        for (int start = 0, width; start < word.Length; start += width)
        {
            width = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            if (!AddPieces(word, start, width, best))
                Offer(ref best[start + width], new(start, unknown, best[start].Score + unknownScore));
        }
        return best;
    }

    /// <summary>Extends a path by every matching piece; returns whether one of them is the single next character.</summary>
    bool AddPieces(ReadOnlySpan<char> word, int start, int width, Arrival[] best)
    {
        var (node, alone) = (Trie.Root, false);
        for (var at = start; at < word.Length && pieces.Step(ref node, word[at]); at++)
        {
            if (pieces[node] == Trie.None)
                continue;
            Offer(ref best[at + 1], new(start, pieces[node], best[start].Score + scores[pieces[node]]));
            alone |= at + 1 - start == width;
        }
        return alone;
    }

    static void Offer(ref Arrival best, Arrival candidate)
    {
        if (best.Start == Trie.None || candidate.Score > best.Score)
            best = candidate;
    }

    /// <summary>The best path to the end, with consecutive unknown characters as one token.</summary>
    List<Token> Path(Arrival[] best)
    {
        var path = new List<Token>();
        for (var end = best.Length - 1; end > 0; end = best[end].Start)
        {
            var (start, id, _) = best[end];
            if (id == unknown && path.Count > 0 && path[^1].Id == unknown)
                path[^1] = path[^1] with { Start = start };
            else
                path.Add(new(id, start, end));
        }
        path.Reverse();
        return path;
    }

    /// <summary>The tokens of a run of unknown characters, each of which covers the whole run.</summary>
    Token[] Resolve(Token run, ReadOnlySpan<char> word)
    {
        var text = word[run.Start..run.End];
        if (idsOfSpans.TryGetValue(text, out var id))
            return [run with { Id = id }];
        if (bytes is not null && ByteTokens.Spell(text, bytes) is { } spelled)
            return Array.ConvertAll(spelled, spelledId => run with { Id = spelledId });
        return unknown != Trie.None ? [run] : throw new InvalidDataException(
            "the text has a character that the vocabulary does not have, and the Unigram model has no unk_id");
    }
}
