using System.Runtime.InteropServices;

namespace Attune.Text.Trainers;

/// <summary>The number of occurrences of each word, after normalization and pre-tokenization.</summary>
sealed class WordCounts(INormalizer? normalizer, IPreTokenizer preTokenizer)
{
    readonly Dictionary<string, long> counts = [];

    /// <summary>The words of texts, split with this frame; its added tokens are not searched for.</summary>
    public static WordCounts Count(IEnumerable<string> texts, TokenizerFrame frame, CancellationToken cancel)
    {
        var root = JsonField.Parse(frame.ToJson().ToJsonString(), "tokenizer.json");
        var words = new WordCounts(
            root.Optional("normalizer") is { } normalizer ? Normalizers.Read(normalizer) : null, PreTokenizers.Read(root["pre_tokenizer"]));
        foreach (var text in texts)
        {
            cancel.ThrowIfCancellationRequested();
            words.Add(text);
        }
        return words;
    }

    public IReadOnlyDictionary<string, long> All => counts;

    /// <summary>The characters of all words and their numbers of occurrences.</summary>
    public Dictionary<string, long> Letters()
    {
        var letters = new Dictionary<string, long>();
        foreach (var (word, count) in counts)
            foreach (var rune in word.EnumerateRunes())
                CollectionsMarshal.GetValueRefOrAddDefault(letters, rune.ToString(), out _) += count;
        return letters;
    }

    void Add(string text)
    {
        var words = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        var draft = new Draft(Draft.WellFormed(text), preTokenizer.NeedsAlignment);
        normalizer?.Normalize(draft);
        preTokenizer.Apply(draft);
        foreach (var piece in draft.Pieces)
            CollectionsMarshal.GetValueRefOrAddDefault(words, draft[piece], out _)++;
    }
}
