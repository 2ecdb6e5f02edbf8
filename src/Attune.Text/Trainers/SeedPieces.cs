using System.Text;

namespace Attune.Text.Trainers;

/// <summary>
/// The initial pieces of a unigram model: every character, and the substrings of words that occur often enough and are not always
/// followed by the same character, found in the sorted suffixes of all words.
/// </summary>
sealed class SeedPieces
{
    readonly string text;                                          // all words, concatenated
    readonly (int Start, int Length, long Count)[] suffixes;       // sorted, each up to the maximum length of a piece
    readonly int[] shared;                                         // length of the common prefix with the next
    readonly UnigramTrainingOptions options;

    SeedPieces(WordCounts words, UnigramTrainingOptions options)
    {
        this.options = options;
        text = string.Concat(words.All.Keys);
        suffixes = [.. Suffixes(words)];
        Array.Sort(suffixes, (a, b) => Text(a).SequenceCompareTo(Text(b)) is not 0 and var order ? order : a.Start - b.Start);
        shared = new int[suffixes.Length];
        for (var i = 0; i + 1 < suffixes.Length; i++)
            shared[i] = Text(suffixes[i]).CommonPrefixLength(Text(suffixes[i + 1]));
    }

    /// <summary>Characters first. A piece's weight is the number of units of the texts that it covers.</summary>
    public static IReadOnlyList<(string Text, double Weight)> Find(WordCounts words, UnigramTrainingOptions options)
    {
        var letters = words.Letters().OrderBy(letter => letter.Key, StringComparer.Ordinal).ToList();
        var longer = new SeedPieces(words, options).Repeated()
            .OrderByDescending(piece => piece.Weight).ThenBy(piece => piece.Text, StringComparer.Ordinal)
            .Take(Math.Max(0, options.Seeds - letters.Count));
        return [.. letters.Select(letter => (letter.Key, (double)letter.Value)), .. longer];
    }

    IEnumerable<(int Start, int Length, long Count)> Suffixes(WordCounts words)
    {
        var end = 0;
        foreach (var (word, count) in words.All)
        {
            end += word.Length;
            for (var start = end - word.Length; start < end; start++)
                if (!char.IsLowSurrogate(text[start]))
                    yield return (start, LengthOfOneKind(text.AsSpan(start, end - start)), count);
        }
    }

    /// <summary>
    /// The end of the longest piece. As in SentencePiece, letters, digits, line breaks and other characters are not mixed, each with a
    /// preceding space.
    /// </summary>
    int LengthOfOneKind(ReadOnlySpan<char> word)
    {
        var length = word[0] == UnigramTrainer.Space ? 1 : 0;
        CodePointKinds? kind = null;
        foreach (var rune in word[length..].EnumerateRunes())
        {
            kind ??= KindOf(rune);
            if (KindOf(rune) != kind || length + rune.Utf16SequenceLength > options.MostUnits)
                break;
            length += rune.Utf16SequenceLength;
        }
        return length;
    }

    static CodePointKinds KindOf(Rune rune) => rune.Value switch
    {
        var code when CodePoints.IsSpace(code) => CodePointKinds.Space,
        var code when CodePoints.IsNumber(code) => CodePointKinds.Number,
        var code when CodePoints.IsWord(code) => CodePointKinds.Letter,
        _ => CodePointKinds.Other,
    };

    ReadOnlySpan<char> Text((int Start, int Length, long Count) suffix) => text.AsSpan(suffix.Start, suffix.Length);

    IEnumerable<(string Text, double Weight)> Repeated()
    {
        for (var length = 2; length <= options.MostUnits; length++)
            for (var first = 0; first < suffixes.Length;)
            {
                var (last, count) = (first, suffixes[first].Count);
                var alike = suffixes[first].Length;                // common prefix of the suffixes from first to last
                for (; shared[last] >= length; last++)
                    (count, alike) = (count + suffixes[last + 1].Count, Math.Min(alike, shared[last]));
                if (alike == length && count >= options.MinFrequency
                    && text.Substring(suffixes[first].Start, length) is var piece && IsWhole(piece))
                    yield return (piece, (double)count * length);
                first = last + 1;
            }
    }

    /// <summary>Whether a piece has more than one character and does not split a surrogate pair.</summary>
    static bool IsWhole(string piece) => !char.IsHighSurrogate(piece[^1]) && !(piece.Length == 2 && char.IsHighSurrogate(piece[0]));
}
