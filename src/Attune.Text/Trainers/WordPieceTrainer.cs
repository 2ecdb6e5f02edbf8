using System.Text.Json.Nodes;

namespace Attune.Text.Trainers;

/// <summary>
/// Trains WordPiece tokenizers like BERT's (Devlin et al. 2019): lower-cased words split at white space and punctuation, <c>[CLS] text
/// [SEP]</c> as template. Pieces are learned like those of WordPieceTrainer in Hugging Face's tokenizers, by byte-pair merges of
/// characters that are written <c>##x</c> inside a word.
/// </summary>
public static class WordPieceTrainer
{
    const string Prefix = "##";

    static readonly string[] SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>
    /// Trains a tokenizer on texts, in one pass. Throws <see cref="InvalidDataException"/> if an option is out of range.
    /// </summary>
    public static Tokenizer Train(IEnumerable<string> texts, WordPieceTrainingOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        options.Check();
        var frame = Frame(options);
        var words = WordCounts.Count(texts, frame, cancel);
        var learner = new MergeLearner(SpecialTokens.Concat(Alphabet(words, options.MostLetters)), words.All, prefix: Prefix);
        learner.Learn(options.VocabularySize, options.MinFrequency, cancel);
        return frame.Complete(
            Model(learner), learner.Tokens.Count,
            ("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("mask_token", "[MASK]"));
    }

    static TokenizerFrame Frame(WordPieceTrainingOptions options) => new(SpecialTokens)
    {
        Normalizer = TokenizerJson.BertNormalizer(options.Lowercase),
        PreTokenizer = new() { ["type"] = "BertPreTokenizer" },
        PostProcessor = TokenizerJson.Template(
            "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", token => Array.IndexOf(SpecialTokens, token)),
        Decoder = new() { ["type"] = "WordPiece", ["prefix"] = Prefix, ["cleanup"] = true },
    };

    /// <summary>The most frequent characters, in the order of their code points; a word with any other character is unknown.</summary>
    static IEnumerable<string> Alphabet(WordCounts words, int most) => words.Letters()
        .OrderByDescending(letter => letter.Value).ThenBy(letter => letter.Key, StringComparer.Ordinal)
        .Take(most)
        .Select(letter => letter.Key).Order(StringComparer.Ordinal);

    static JsonObject Model(MergeLearner learner) => new()
    {
        ["type"] = "WordPiece",
        ["unk_token"] = "[UNK]",
        ["continuing_subword_prefix"] = Prefix,
        ["max_input_chars_per_word"] = 100,
        ["vocab"] = TokenizerJson.Vocabulary(learner.Tokens),
    };
}
