using System.Text.Json.Nodes;

namespace Attune.Text.Trainers;

/// <summary>Trains byte-level BPE tokenizers, with the result of BpeTrainer in Hugging Face's tokenizers.</summary>
public static class BytePairTrainer
{
    /// <summary>
    /// Trains a tokenizer on texts, in one pass. Special tokens are not searched for in the texts. Throws
    /// <see cref="InvalidDataException"/> if the options are inconsistent.
    /// </summary>
    public static Tokenizer Train(IEnumerable<string> texts, BytePairTrainingOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        options.Check();
        var frame = Frame(options);
        var words = WordCounts.Count(texts, frame, cancel);
        var letters = words.Letters().Keys.Concat(options.InitialAlphabet ? ByteAlphabet.All.Select(letter => letter.ToString()) : []);
        var alphabet = options.SpecialTokens.Concat(letters.Order(StringComparer.Ordinal));
        var learner = new MergeLearner(alphabet, words.All, options.MaxTokenLength);
        learner.Learn(options.VocabularySize, options.MinFrequency, cancel);
        return frame.Complete(
            Model(learner), learner.Tokens.Count,
            ("bos_token", options.BosToken), ("eos_token", options.EosToken), ("pad_token", options.PadToken),
            ("unk_token", options.UnkToken), ("chat_template", options.ChatTemplate));
    }

    static TokenizerFrame Frame(BytePairTrainingOptions options) => new(options.SpecialTokens)
    {
        PreTokenizer = options.Split is { } split
            ? TokenizerJson.BytesOfWords(split, options.AddPrefixSpace)
            : TokenizerJson.ByteLevel(options.AddPrefixSpace, trimOffsets: true, useRegex: true),
        PostProcessor = TokenizerJson.ByteLevel(addPrefixSpace: true, trimOffsets: false, useRegex: true),
        Decoder = TokenizerJson.ByteLevel(addPrefixSpace: true, trimOffsets: true, useRegex: true),
    };

    static JsonObject Model(MergeLearner learner) => new()
    {
        ["type"] = "BPE",
        ["dropout"] = null,
        ["unk_token"] = null,
        ["continuing_subword_prefix"] = null,
        ["end_of_word_suffix"] = null,
        ["fuse_unk"] = false,
        ["byte_fallback"] = false,
        ["ignore_merges"] = false,
        ["vocab"] = TokenizerJson.Vocabulary(learner.Tokens),
        ["merges"] = new JsonArray([.. learner.Merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
    };
}
