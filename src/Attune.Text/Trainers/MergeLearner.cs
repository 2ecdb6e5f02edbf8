using System.Runtime.InteropServices;

namespace Attune.Text.Trainers;

/// <summary>
/// Learns merges: the most frequent pair of adjacent tokens in all words becomes one token, repeatedly; of equally frequent pairs the
/// one with the lowest ids, as in Hugging Face's tokenizers. Sennrich et al. 2016, algorithm 1, with counts updated only in the words
/// where a merge happens.
/// </summary>
sealed class MergeLearner
{
    readonly List<string> tokens;
    readonly Dictionary<string, int> ids;
    readonly List<int> lengths;                                    // characters of each token
    readonly int mostCharacters;
    readonly string prefix;

    readonly int[][] words;
    readonly int[] wordLengths;
    readonly long[] wordCounts;

    readonly Dictionary<ulong, long> pairCounts = [];
    readonly PriorityQueue<(ulong Pair, List<int> Words), (long Count, ulong Pair)> queue = new(Comparer<(long Count, ulong Pair)>.Create(
        (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Pair.CompareTo(b.Pair)));

    /// <param name="alphabet">The existing tokens: special tokens and single characters, in the order of their ids.</param>
    /// <param name="counts">The words and their numbers of occurrences; characters that are not in the alphabet are ignored.</param>
    /// <param name="maxTokenLength">The maximum length of a token in characters, or null.</param>
    /// <param name="prefix">The prefix of tokens that do not start a word.</param>
    public MergeLearner(
        IEnumerable<string> alphabet, IReadOnlyDictionary<string, long> counts, int? maxTokenLength = null, string prefix = "")
    {
        this.prefix = prefix;
        tokens = [.. alphabet.Distinct()];
        ids = tokens.Select((token, id) => (token, id)).ToDictionary();
        lengths = [.. tokens.Select(token => token.Length)];
        mostCharacters = maxTokenLength ?? int.MaxValue;
        words = [.. counts.Keys.Select(Spell)];
        wordLengths = [.. words.Select(word => word.Length)];
        wordCounts = [.. counts.Values];
    }

    int[] Spell(string word)
    {
        var letters = new List<int>(word.Length);
        var isFirst = true;
        foreach (var rune in word.EnumerateRunes())
        {
            var letter = rune.ToString();
            if (ids.ContainsKey(letter))
                letters.Add(TokenOf(isFirst ? letter : prefix + letter));
            isFirst = false;
        }
        return [.. letters];
    }

    public IReadOnlyList<string> Tokens => tokens;

    public List<(string Left, string Right)> Merges { get; } = [];

    /// <summary>Merges until there are this many tokens, or no pair is frequent enough.</summary>
    public void Learn(int vocabularySize, long minFrequency, CancellationToken cancel)
    {
        Enqueue(CountPairs());
        while (ids.Count < vocabularySize && queue.TryDequeue(out var candidate, out var priority))
        {
            cancel.ThrowIfCancellationRequested();
            var count = pairCounts[candidate.Pair];
            if (count != priority.Count)
            {
                queue.Enqueue(candidate, (count, candidate.Pair));
                continue;
            }
            if (count < 1 || count < minFrequency)
                break;
            Enqueue(Merge(Left(candidate.Pair), Right(candidate.Pair), candidate.Words));
        }
    }

    Dictionary<ulong, List<int>> CountPairs()
    {
        var found = new Dictionary<ulong, List<int>>();
        for (var word = 0; word < words.Length; word++)
            for (var i = 0; i + 1 < words[word].Length; i++)
                Count(Pair(words[word][i], words[word][i + 1]), word, +1, found);
        return found;
    }

    void Enqueue(Dictionary<ulong, List<int>> found)
    {
        foreach (var (pair, where) in found)
            if (pairCounts[pair] > 0)
                queue.Enqueue((pair, where), (pairCounts[pair], pair));
    }

    /// <summary>Merges the pair into one token in these words; returns the new pairs and their words.</summary>
    Dictionary<ulong, List<int>> Merge(int left, int right, List<int> where)
    {
        Merges.Add((tokens[left], tokens[right]));
        var merged = TokenOf(tokens[left] + tokens[right][prefix.Length..]);
        var found = new Dictionary<ulong, List<int>>();
        foreach (var word in where)
            wordLengths[word] = Merge(left, right, merged, word, found);
        return found;
    }

    int TokenOf(string token)
    {
        if (ids.TryGetValue(token, out var id))
            return id;
        ids[token] = id = tokens.Count;
        tokens.Add(token);
        lengths.Add(token.Length);
        return id;
    }

    int Merge(int left, int right, int merged, int word, Dictionary<ulong, List<int>> found)
    {
        var symbols = words[word].AsSpan(0, wordLengths[word]);
        var written = 0;
        for (var read = 0; read < symbols.Length; read++)
        {
            if (symbols[read] != left || read + 1 == symbols.Length || symbols[read + 1] != right)
            {
                symbols[written++] = symbols[read];
                continue;
            }
            if (written > 0)
                Replace(Pair(symbols[written - 1], left), Pair(symbols[written - 1], merged), word, found);
            if (read + 2 < symbols.Length)
                Replace(Pair(right, symbols[read + 2]), Pair(merged, symbols[read + 2]), word, found);
            symbols[written++] = merged;
            read++;
        }
        return written;
    }

    void Replace(ulong before, ulong after, int word, Dictionary<ulong, List<int>> found)
    {
        Count(before, word, -1);
        if (lengths[Left(after)] + lengths[Right(after)] < mostCharacters)
            Count(after, word, +1, found);
    }

    void Count(ulong pair, int word, int change, Dictionary<ulong, List<int>>? found = null)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(pairCounts, pair, out _) += change * wordCounts[word];
        if (found is null)
            return;
        ref var where = ref CollectionsMarshal.GetValueRefOrAddDefault(found, pair, out _);
        where ??= [];
        if (where.Count == 0 || where[^1] != word)
            where.Add(word);
    }

    static ulong Pair(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    static int Left(ulong pair) => (int)(pair >> 32);

    static int Right(ulong pair) => (int)pair;
}
