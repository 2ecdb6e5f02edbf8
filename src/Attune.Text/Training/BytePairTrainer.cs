namespace Attune.Text;

/// <summary>Trains byte-level BPE tokenizers; the result is that of the library's BpeTrainer with the same settings.</summary>
public static class BytePairTrainer
{
    /// <summary>
    /// Learns from texts, none of which is looked at twice. Special tokens are not looked for in them. Throws
    /// <see cref="InvalidDataException"/> when the options contradict themselves.
    /// </summary>
    public static Tokenizer Train(IEnumerable<string> texts, BytePairTrainingOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        options.Check();
        var preTokenizer = PreTokenizer(options);
        var words = new WordCounts();
        foreach (var text in texts)
        {
            cancel.ThrowIfCancellationRequested();
            words.Add(text, preTokenizer);
        }
        var alphabet = options.SpecialTokens.Concat(Alphabet(words, options)).Distinct();
        var learner = new MergeLearner(alphabet, words.All, options.MaxTokenLength);
        learner.Learn(options.VocabularySize, options.MinFrequency, cancel);
        return Tokenizer.Parse(TokenizerJson.Of(learner.Tokens, learner.Merges, options), TokenizerJson.ConfigOf(options));
    }

    static IPreTokenizer PreTokenizer(BytePairTrainingOptions options)
    {
        var bytes = new ByteLevelPreTokenizer(options.AddPrefixSpace, useRegex: options.Split is null);
        return options.Split is null
            ? bytes
            : new PreTokenizerSequence([new SplitPreTokenizer(Patterns.Of(options.Split), SplitBehavior.Isolated, invert: false), bytes]);
    }

    static IEnumerable<string> Alphabet(WordCounts words, BytePairTrainingOptions options) =>
        words.All.Keys.SelectMany(word => word)
            .Concat(options.InitialAlphabet ? ByteAlphabet.All : [])
            .Distinct().Order().Select(letter => letter.ToString());
}
