using System.Buffers;

namespace Attune.Text;

/// <summary>A set of texts to search for; finds the leftmost match, and of several there the longest.</summary>
sealed class TokenTrie
{
    readonly Trie trie = new();
    readonly SearchValues<char> firsts;

    /// <param name="entries">Texts and their tokens; of equal texts the first is kept.</param>
    public TokenTrie(IReadOnlyList<(string Text, int Token)> entries)
    {
        foreach (var (text, token) in entries.Where(entry => entry.Text.Length > 0))
            trie.Add(text, token);
        firsts = SearchValues.Create([.. entries.Where(entry => entry.Text.Length > 0).Select(entry => entry.Text[0]).Distinct()]);
    }

    /// <summary>The next match at or after <paramref name="from"/>; false if there is none.</summary>
    public bool Find(ReadOnlySpan<char> text, int from, out Piece found)
    {
        while (true)
        {
            var skipped = text[from..].IndexOfAny(firsts);
            if (skipped < 0)
                break;
            from += skipped;
            if (Longest(text, from, out found))
                return true;
            from++;
        }
        found = default;
        return false;
    }

    bool Longest(ReadOnlySpan<char> text, int start, out Piece found)
    {
        found = new(start, start);
        var node = Trie.Root;
        for (var at = start; at < text.Length && trie.Step(ref node, text[at]); at++)
            if (trie[node] != Trie.None)
                found = new(start, at + 1, trie[node]);
        return found.IsToken;
    }
}
