namespace Attune.Text.Trainers;

/// <summary>
/// Learns a unigram language model by expectation maximisation, and prunes it (Kudo 2018, section 3.2,
/// https://arxiv.org/abs/1804.10959). As in SentencePiece, the M step uses digamma(expected count) instead of the logarithm, which
/// lowers the probability of rare pieces, and removes pieces with an expected count below 0.5.
/// </summary>
sealed class UnigramLearner
{
    const int StepsARound = 2;
    const double LeastExpected = 0.5;
    const double Surplus = 1.1;                                    // rounds stop at this multiple of the size; the best pieces are kept

    /// <summary>A piece that matches a word from unit Start to unit End.</summary>
    readonly record struct Edge(int Start, int End, int Piece);

    readonly (string Text, long Count)[] words;
    readonly List<Edge> edges = [];                                // of the current word, sorted by start
    Trie trie = new();
    string[] pieces;
    double[] scores;

    /// <param name="counts">The words and their numbers of occurrences.</param>
    /// <param name="seeds">
    /// The initial pieces, which include every character of the words, and the amount of text that each covers.
    /// </param>
    public UnigramLearner(IReadOnlyDictionary<string, long> counts, IReadOnlyList<(string Text, double Weight)> seeds)
    {
        words = [.. counts.Select(word => (word.Key, word.Value))];
        var total = Math.Log(seeds.Sum(seed => seed.Weight));
        Keep([.. seeds.Select(seed => (seed.Text, Math.Log(seed.Weight) - total))]);
    }

    /// <summary>The pieces and their log-probabilities, the most likely first.</summary>
    public IReadOnlyList<(string Text, double Score)> Pieces =>
        [.. pieces.Zip(scores).OrderByDescending(piece => piece.Second).ThenBy(piece => piece.First, StringComparer.Ordinal)];

    /// <summary>Learns this many pieces, which include every character.</summary>
    public void Learn(int size, double kept, CancellationToken cancel)
    {
        while (true)
        {
            for (var step = 0; step < StepsARound; step++)
                MStep(EStep(cancel));
            var most = (int)(size * Surplus);
            if (pieces.Length <= most)
                break;
            var before = pieces.Length;
            Prune(Math.Max(most, (int)(pieces.Length * kept)), cancel);
            if (pieces.Length == before)
                break;                                             // only characters are left
        }
        KeepBest(size, piece => scores[piece]);
    }

    /// <summary>The expected count of each piece over all segmentations of the words (forward–backward).</summary>
    double[] EStep(CancellationToken cancel)
    {
        var expected = new double[pieces.Length];
        foreach (var (word, count) in words)
        {
            cancel.ThrowIfCancellationRequested();
            FindEdges(word);
            var (forward, backward) = (Impossible(word.Length + 1), Impossible(word.Length + 1));
            forward[0] = backward[^1] = 0;
            foreach (var (start, end, piece) in edges)
                forward[end] = LogSum(forward[end], forward[start] + scores[piece]);
            for (var i = edges.Count - 1; i >= 0; i--)
                backward[edges[i].Start] = LogSum(backward[edges[i].Start], scores[edges[i].Piece] + backward[edges[i].End]);
            foreach (var (start, end, piece) in edges)
                expected[piece] += count * Math.Exp(forward[start] + scores[piece] + backward[end] - forward[^1]);
        }
        return expected;
    }

    void FindEdges(string word)
    {
        edges.Clear();
        for (var start = 0; start < word.Length; start++)
        {
            var node = Trie.Root;
            for (var at = start; at < word.Length && trie.Step(ref node, word[at]); at++)
                if (trie[node] != Trie.None)
                    edges.Add(new(start, at + 1, trie[node]));
        }
    }

    void MStep(double[] expected)
    {
        var kept = Enumerable.Range(0, pieces.Length).Where(piece => expected[piece] >= LeastExpected || IsLetter(piece)).ToList();
        var total = Digamma(kept.Sum(piece => Math.Max(expected[piece], LeastExpected)));
        Keep([.. kept.Select(piece => (pieces[piece], Digamma(Math.Max(expected[piece], LeastExpected)) - total))]);
    }

    /// <summary>Removes the pieces whose removal reduces the likelihood of the words least.</summary>
    void Prune(int size, CancellationToken cancel)
    {
        var (counts, covered) = (new double[pieces.Length], new double[pieces.Length]);
        foreach (var (word, count) in words)
        {
            cancel.ThrowIfCancellationRequested();
            var path = BestPath(word);
            foreach (var piece in path)
                counts[piece] += count;
            foreach (var piece in path.Distinct())
                covered[piece] += count;
        }
        var (total, all) = (counts.Sum(), words.Sum(word => (double)word.Count));
        KeepBest(size, piece => counts[piece] > 0 ? covered[piece] / all * Loss(piece, counts, total) : double.NegativeInfinity);
    }

    /// <summary>The loss of log-likelihood when the next best segmentation replaces a piece.</summary>
    double Loss(int piece, double[] counts, double total)
    {
        var others = BestPath(pieces[piece], except: piece);
        var without = others.Sum(other => Math.Log(counts[other] + counts[piece]) - Math.Log(total + counts[piece] * (others.Count - 1)));
        return Math.Log(counts[piece]) - Math.Log(total) - without;
    }

    /// <summary>The most likely segmentation of a word (Viterbi).</summary>
    List<int> BestPath(string word, int except = Trie.None)
    {
        FindEdges(word);
        var (best, last) = (Impossible(word.Length + 1), new Edge[word.Length + 1]);
        best[0] = 0;
        foreach (var edge in edges)
            if (edge.Piece != except && best[edge.Start] + scores[edge.Piece] is var score && score > best[edge.End])
                (best[edge.End], last[edge.End]) = (score, edge);
        var path = new List<int>();
        for (var end = word.Length; end > 0; end = last[end].Start)
            path.Add(last[end].Piece);
        return path;
    }

    /// <summary>Keeps all characters, and the pieces with the highest values up to this size.</summary>
    void KeepBest(int size, Func<int, double> value)
    {
        var letters = Enumerable.Range(0, pieces.Length).Where(IsLetter).ToList();
        var others = Enumerable.Range(0, pieces.Length).Where(piece => !IsLetter(piece))
            .OrderByDescending(value).ThenByDescending(piece => scores[piece]).ThenBy(piece => pieces[piece], StringComparer.Ordinal)
            .Take(Math.Max(0, size - letters.Count));
        Keep([.. letters.Concat(others).Select(piece => (pieces[piece], scores[piece]))]);
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(pieces), nameof(scores))]
    void Keep(IReadOnlyList<(string Text, double Score)> kept)
    {
        (pieces, scores) = ([.. kept.Select(piece => piece.Text)], [.. kept.Select(piece => piece.Score)]);
        trie = new();
        foreach (var (index, piece) in pieces.Index())
            trie.Add(piece, index);
    }

    bool IsLetter(int piece) => pieces[piece].Length == 1 || (pieces[piece].Length == 2 && char.IsHighSurrogate(pieces[piece][0]));

    static double[] Impossible(int length) => Encoding.Filled(length, double.NegativeInfinity);

    static double LogSum(double a, double b)
    {
        var (larger, smaller) = a > b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(smaller) ? larger : larger + Math.Log(1 + Math.Exp(smaller - larger));
    }

    /// <summary>The derivative of ln Γ, for x &gt; 0: the recurrence up to 7, then the asymptotic series.</summary>
    static double Digamma(double x)
    {
        var result = 0.0;
        for (; x < 7; x++)
            result -= 1 / x;
        x -= 0.5;
        var square = 1 / (x * x);
        return result + Math.Log(x) + square * (1.0 / 24 - square * (7.0 / 960 - square * (31.0 / 8064 - square * 127.0 / 30720)));
    }
}
