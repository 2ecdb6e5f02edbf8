
namespace Attune.Quickstart;

/// <summary>A text in lower-case words and sentences, and how it ends.</summary>
sealed class ParsedText
{
    readonly List<string> words = [];
    readonly List<int> sentenceStarts = [];

    public ParsedText(string? text)
    {
        text ??= "";
        RunsOn = text.Contains("Guest:", StringComparison.OrdinalIgnoreCase) || text.Contains("Desk:", StringComparison.OrdinalIgnoreCase);
        var end = text.AsSpan().TrimEnd().TrimEnd("\"')");
        EndsAsSentence = end.Length > 0 && IsSentenceEnd(end[^1]);
        Split(text);
    }

    public IReadOnlyList<string> Words => words;

    /// <summary>The words of each sentence.</summary>
    public IEnumerable<List<string>> Sentences =>
        sentenceStarts.Select((start, i) => words[start..(i + 1 < sentenceStarts.Count ? sentenceStarts[i + 1] : words.Count)]);

    public bool EndsAsSentence { get; }

    /// <summary>Whether the text has a speaker's label, so that it continues with another turn.</summary>
    public bool RunsOn { get; }

    /// <summary>Whether a sentence has the same word, or the same two words, twice in a row.</summary>
    public bool Stutters => Sentences.Any(sentence => StuttersIn(sentence, 1) || StuttersIn(sentence, 2));

    /// <summary>Whether some <paramref name="length"/> successive words of a sentence occur more than once.</summary>
    public bool Repeats(int length)
    {
        var seen = new HashSet<string>();
        return Sentences.SelectMany(sentence => RunsOf(sentence, length)).Any(run => !seen.Add(run));
    }

    static IEnumerable<string> RunsOf(List<string> sentence, int length) =>
        Enumerable.Range(0, Math.Max(sentence.Count - length + 1, 0)).Select(i => string.Join(' ', sentence.GetRange(i, length)));

    static bool StuttersIn(List<string> sentence, int length) => Enumerable.Range(0, Math.Max(sentence.Count - 2 * length + 1, 0))
        .Any(i => sentence.GetRange(i, length).SequenceEqual(sentence.GetRange(i + length, length)));

    void Split(string text)
    {
        var newSentence = true;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && IsInWord(text, start, i))
                i++;
            if (i > start)
            {
                if (newSentence)
                    sentenceStarts.Add(words.Count);
                newSentence = false;
                words.Add(text[start..i].Replace('’', '\'').ToLowerInvariant());
            }
            else
            {
                newSentence |= IsSentenceEnd(text[i]);
                i++;
            }
        }
    }

    /// <summary>Whether a character is part of a word: letters, digits, and the marks in "don't" and "7:30".</summary>
    static bool IsInWord(string text, int start, int at)
    {
        if (char.IsLetterOrDigit(text[at]))
            return true;
        if (at == start || at + 1 == text.Length)
            return false;
        return text[at] switch
        {
            '\'' or '’' => char.IsLetter(text[at - 1]) && char.IsLetter(text[at + 1]),
            ':' or '.' => char.IsDigit(text[at - 1]) && char.IsDigit(text[at + 1]),
            _ => false,
        };
    }

    static bool IsSentenceEnd(char c) => c is '.' or '!' or '?';
}
