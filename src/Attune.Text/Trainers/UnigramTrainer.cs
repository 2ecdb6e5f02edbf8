using System.Text.Json.Nodes;

namespace Attune.Text.Trainers;

/// <summary>
/// Trains Unigram tokenizers like T5's (Raffel et al. 2020): NFKC normalization, spaces written <c>▁</c>, <c>&lt;/s&gt;</c> after a
/// text, and sentinel tokens for spans.
/// </summary>
public static class UnigramTrainer
{
    /// <summary>The character for a space.</summary>
    internal const char Space = '▁';

    static readonly string[] SpecialTokens = ["<pad>", "</s>", "<unk>"];

    /// <summary>
    /// Trains a tokenizer on texts, in one pass. Throws <see cref="InvalidDataException"/> if an option is out of range.
    /// </summary>
    public static Tokenizer Train(IEnumerable<string> texts, UnigramTrainingOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        options.Check();
        var frame = Frame(options);
        var words = WordCounts.Count(texts, frame, cancel);
        var learner = new UnigramLearner(words.All, SeedPieces.Find(words, options));
        learner.Learn(options.VocabularySize - SpecialTokens.Length - options.Sentinels, options.Kept, cancel);
        return frame.Complete(
            Model(learner), SpecialTokens.Length + learner.Pieces.Count,
            ("pad_token", "<pad>"), ("eos_token", "</s>"), ("unk_token", "<unk>"));
    }

    static TokenizerFrame Frame(UnigramTrainingOptions options) => new(SpecialTokens)
    {
        Normalizer = new() { ["type"] = "NFKC" },
        PreTokenizer = Metaspace(),
        PostProcessor = TokenizerJson.Template("$A </s>", "$A </s> $B </s>", token => Array.IndexOf(SpecialTokens, token)),
        Decoder = Metaspace(),
        LastTokens = [.. Enumerable.Range(0, options.Sentinels).Select(index => $"<extra_id_{index}>")],
    };

    static JsonObject Metaspace() => new()
    {
        ["type"] = "Metaspace",
        ["replacement"] = Space.ToString(),
        ["prepend_scheme"] = "first",
        ["split"] = true,
    };

    static JsonObject Model(UnigramLearner learner) => new()
    {
        ["type"] = "Unigram",
        ["unk_id"] = SpecialTokens.IndexOf("<unk>"),
        ["vocab"] = new JsonArray(
        [
            .. SpecialTokens.Select(token => new JsonArray(token, 0.0)),
            .. learner.Pieces.Select(piece => new JsonArray(piece.Text, piece.Score)),
        ]),
        ["byte_fallback"] = false,
    };
}
