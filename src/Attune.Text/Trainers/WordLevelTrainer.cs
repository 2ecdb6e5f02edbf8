namespace Attune.Text.Trainers;

/// <summary>
/// Makes tokenizers whose tokens are whole words or single characters, for small vocabularies such as those of puzzles, graphs and
/// sequences. A text of known words is encoded and decoded without loss. A word includes the space before it, as GPT-2's tokens do; other
/// white space is a token for each character.
/// </summary>
public static class WordLevelTrainer
{
    const string Eos = "<|endoftext|>", Pad = "<|pad|>", Unknown = "<|unknown|>";

    const string Characters = @"[\s\S]", Words = @" ?\S+|\s";

    /// <summary>Makes a tokenizer whose tokens are the characters (Unicode code points) of texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="vocabularySize">The most tokens, including three special tokens; the most frequent characters are kept.</param>
    /// <param name="cancel">Stops reading texts.</param>
    public static Tokenizer TrainCharacters(IEnumerable<string> texts, int vocabularySize = 4096, CancellationToken cancel = default) =>
        Train(texts, Characters, vocabularySize, cancel);

    /// <summary>Makes a tokenizer whose tokens are the words of texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="vocabularySize">The most tokens, including three special tokens; the most frequent words are kept.</param>
    /// <param name="cancel">Stops reading texts.</param>
    public static Tokenizer TrainWords(IEnumerable<string> texts, int vocabularySize = 4096, CancellationToken cancel = default) =>
        Train(texts, Words, vocabularySize, cancel);

    static Tokenizer Train(IEnumerable<string> texts, string pattern, int vocabularySize, CancellationToken cancel)
    {
        var frame = new TokenizerFrame([Eos, Pad, Unknown])
        {
            PreTokenizer = TokenizerJson.Split(pattern),
            Decoder = new() { ["type"] = "Fuse" },
        };
        var tokens = frame.SpecialTokens.Concat(MostFrequent(WordCounts.Count(texts, frame, cancel).All)).Take(vocabularySize).ToList();
        return frame.Complete(
            new() { ["type"] = "WordLevel", ["vocab"] = TokenizerJson.Vocabulary(tokens), ["unk_token"] = Unknown }, tokens.Count,
            ("bos_token", Eos), ("eos_token", Eos), ("pad_token", Pad), ("unk_token", Unknown));
    }

    static IEnumerable<string> MostFrequent(IReadOnlyDictionary<string, long> counts) => counts
        .OrderByDescending(word => word.Value).ThenBy(word => word.Key, StringComparer.Ordinal)
        .Select(word => word.Key);
}
