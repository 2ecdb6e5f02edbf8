
namespace Attune.Quickstart;

/// <summary>
/// Finds phrases of lower-case words, each with a label, in a text. The longest phrase at a position counts, and the search continues
/// after it, so that "pool towels" is not also a "pool". A phrase can have several labels.
/// </summary>
sealed class Phrases
{
    readonly Dictionary<string, List<(string[] Words, int Label)>> byFirstWord = new(StringComparer.Ordinal);

    public Phrases(IEnumerable<string> phrases) : this(phrases.Select(phrase => (phrase, 0)))
    {
    }

    public Phrases(IEnumerable<(string Phrase, int Label)> phrases)
    {
        foreach (var (phrase, label) in phrases)
        {
            var words = phrase.Split(' ');
            if (!byFirstWord.TryGetValue(words[0], out var list))
                byFirstWord[words[0]] = list = [];
            list.Add((words, label));
        }
    }

    public bool In(ParsedText text) => Find(text).Any();

    /// <summary>The phrases of a text: label, position and number of words.</summary>
    public IEnumerable<(int Label, int At, int Length)> Find(ParsedText text)
    {
        for (var i = 0; i < text.Words.Count;)
        {
            var length = LengthAt(text.Words, i);
            if (length > 0)
                foreach (var (words, label) in byFirstWord[text.Words[i]])
                    if (words.Length == length && Matches(words, text.Words, i))
                        yield return (label, i, length);
            i += Math.Max(length, 1);
        }
    }

    /// <summary>The number of words of the longest phrase that begins at <paramref name="at"/>, or 0.</summary>
    public int LengthAt(IReadOnlyList<string> words, int at) =>
        at < words.Count && byFirstWord.TryGetValue(words[at], out var candidates)
            ? candidates.Where(c => Matches(c.Words, words, at)).Select(c => c.Words.Length).DefaultIfEmpty().Max()
            : 0;

    static bool Matches(string[] phrase, IReadOnlyList<string> words, int at)
    {
        if (at + phrase.Length > words.Count)
            return false;
        for (var i = 0; i < phrase.Length; i++)
            if (phrase[i] != words[at + i])
                return false;
        return true;
    }
}
