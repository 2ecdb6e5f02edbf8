using System.Buffers;

namespace Attune.Text;

/// <summary>A set of texts to look for, of which the leftmost and then the longest is found.</summary>
sealed class TokenTrie
{
    readonly Dictionary<(int Node, char Next), int> children = [];
    readonly List<int> tokens = [NoToken];
    readonly SearchValues<char> firsts;
    const int NoToken = -1;

    /// <param name="entries">Texts and their tokens; of equal texts the first counts.</param>
    public TokenTrie(IReadOnlyList<(string Text, int Token)> entries)
    {
        foreach (var (text, token) in entries.Where(entry => entry.Text.Length > 0))
            Add(text, token);
        firsts = SearchValues.Create([.. entries.Where(entry => entry.Text.Length > 0).Select(entry => entry.Text[0]).Distinct()]);
    }

    void Add(string text, int token)
    {
        var node = 0;
        foreach (var unit in text)
        {
            if (!children.TryGetValue((node, unit), out var child))
            {
                child = children[(node, unit)] = tokens.Count;
                tokens.Add(NoToken);
            }
            node = child;
        }
        if (tokens[node] == NoToken)
            tokens[node] = token;
    }

    /// <summary>The next occurrence at or after <paramref name="from"/>; false when there is none.</summary>
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
        var node = 0;
        for (var at = start; at < text.Length && children.TryGetValue((node, text[at]), out node); at++)
            if (tokens[node] != NoToken)
                found = new(start, at + 1, tokens[node]);
        return found.IsToken;
    }
}
