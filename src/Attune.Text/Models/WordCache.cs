using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Attune.Text;

/// <summary>A cache of the tokens of words: the first short ones, up to a number.</summary>
sealed class WordCache
{
    const int MostWords = 1 << 17;
    const int LongestWord = 64;

    readonly ConcurrentDictionary<string, Token[]> words = new();
    readonly ConcurrentDictionary<string, Token[]>.AlternateLookup<ReadOnlySpan<char>> spans;
    int count;

    public WordCache() => spans = words.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryGet(ReadOnlySpan<char> word, [NotNullWhen(true)] out Token[]? tokens) => spans.TryGetValue(word, out tokens);

    public void Add(ReadOnlySpan<char> word, Token[] tokens)
    {
        if (word.Length <= LongestWord && Volatile.Read(ref count) < MostWords && spans.TryAdd(word, tokens))
            Interlocked.Increment(ref count);
    }
}
