namespace Attune.Text;

/// <summary>
/// Merges the tokens of one word: always the pair with the lowest rank, and of these the leftmost, until none is left. In a long word
/// the tokens are a linked list and the pairs are in a heap, so that n characters take O(n log n).
/// </summary>
sealed class WordMerge
{
    const int None = -1;
    const int ShortWord = 32;                                      // tokens up to which a scan of all pairs is faster than a heap

    readonly List<Token> tokens;
    readonly MergeTable merges;
    readonly int[] previous;
    readonly int[] next;
    readonly PriorityQueue<int, ulong> pairs;                      // position of each pair's left token, by rank and then position

    WordMerge(List<Token> tokens, MergeTable merges)
    {
        (this.tokens, this.merges) = (tokens, merges);
        previous = [.. Enumerable.Range(None, tokens.Count)];
        next = [.. Enumerable.Range(1, tokens.Count)];
        next[^1] = None;
        pairs = new(InitialPairs());
    }

    public static Token[] Apply(List<Token> tokens, MergeTable merges)
    {
        if (tokens.Count <= ShortWord)
        {
            ApplyToShort(tokens, merges);
            return [.. tokens];
        }
        new WordMerge(tokens, merges).Run();
        return [.. tokens.Where(token => token.Id != None)];
    }

    static void ApplyToShort(List<Token> tokens, MergeTable merges)
    {
        Span<Merge> joins = stackalloc Merge[ShortWord];           // of each token with the next one
        for (var left = 0; left + 1 < tokens.Count; left++)
            joins[left] = Find(left);
        while (Best(joins[..Math.Max(0, tokens.Count - 1)]) is not None and var at)
        {
            tokens[at] = new(joins[at].Id, tokens[at].Start, tokens[at + 1].End);
            tokens.RemoveAt(at + 1);
            joins[(at + 1)..(tokens.Count + 1)].CopyTo(joins[at..]);
            if (at > 0)
                joins[at - 1] = Find(at - 1);
            if (at + 1 < tokens.Count)
                joins[at] = Find(at);
        }

        Merge Find(int left) => merges.TryGet(tokens[left].Id, tokens[left + 1].Id, out var merge) ? merge : new(int.MaxValue, None);
    }

    static int Best(ReadOnlySpan<Merge> joins)
    {
        var (best, rank) = (None, int.MaxValue);
        for (var i = 0; i < joins.Length; i++)
            if (joins[i].Rank < rank)
                (best, rank) = (i, joins[i].Rank);
        return best;
    }

    IEnumerable<(int Left, ulong Priority)> InitialPairs()
    {
        for (var left = 0; left < tokens.Count - 1; left++)
            if (merges.TryGet(tokens[left].Id, tokens[left + 1].Id, out var merge))
                yield return (left, Priority(merge, left));
    }

    static ulong Priority(Merge merge, int left) => ((ulong)merge.Rank << 32) | (uint)left;

    void Run()
    {
        while (pairs.TryDequeue(out var left, out var priority))
        {
            var right = next[left];
            if (tokens[left].Id == None || right == None)
                continue;
            if (!merges.TryGet(tokens[left].Id, tokens[right].Id, out var merge) || Priority(merge, left) != priority)
                continue;                                          // one of the two tokens has been merged since
            Join(left, right, merge.Id);
        }
    }

    void Join(int left, int right, int id)
    {
        tokens[left] = new(id, tokens[left].Start, tokens[right].End);
        tokens[right] = tokens[right] with { Id = None };
        next[left] = next[right];
        if (next[left] != None)
        {
            previous[next[left]] = left;
            Enqueue(left);
        }
        if (previous[left] != None)
            Enqueue(previous[left]);
    }

    void Enqueue(int left)
    {
        if (merges.TryGet(tokens[left].Id, tokens[next[left]].Id, out var merge))
            pairs.Enqueue(left, Priority(merge, left));
    }
}
