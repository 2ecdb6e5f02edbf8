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
    readonly PriorityQueue<int, (int Rank, int Position)> pairs = new();    // the position of each pair's left token

    WordMerge(List<Token> tokens, MergeTable merges)
    {
        (this.tokens, this.merges) = (tokens, merges);
        previous = [.. Enumerable.Range(None, tokens.Count)];
        next = [.. Enumerable.Range(1, tokens.Count)];
        next[^1] = None;
    }

    public static Token[] Apply(List<Token> tokens, MergeTable merges)
    {
        if (tokens.Count > 1)
            new WordMerge(tokens, merges).Run();
        return [.. tokens.Where(token => token.Id != None)];
    }

    void Run()
    {
        for (var position = 0; position < tokens.Count - 1; position++)
            Enqueue(position);
        while (pairs.TryDequeue(out var left, out var priority))
        {
            var right = next[left];
            if (tokens[left].Id == None || right == None)
                continue;
            if (!merges.TryGet(tokens[left].Id, tokens[right].Id, out var merge) || merge.Rank != priority.Rank)
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
            pairs.Enqueue(left, (merge.Rank, left));
    }
}
