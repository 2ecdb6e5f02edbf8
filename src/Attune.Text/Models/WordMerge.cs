namespace Attune.Text;

/// <summary>
/// Merges the tokens of one word, always the pair of lowest rank and of these the leftmost, until none is left. The tokens are a
/// linked list and the pairs wait in a heap, so that a word of n characters takes O(n log n), however long.
/// </summary>
sealed class WordMerge
{
    const int None = -1;

    readonly List<Token> tokens;
    readonly MergeTable merges;
    readonly int[] previous;
    readonly int[] next;
    readonly PriorityQueue<int, ulong> pairs;                      // the position of each pair's left token, by rank and then position

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
        if (tokens.Count > 1)
            new WordMerge(tokens, merges).Run();
        return [.. tokens.Where(token => token.Id != None)];
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
                continue;                                          // one of the two has become another since
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
