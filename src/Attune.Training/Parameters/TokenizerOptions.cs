using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Training.Parameters;

/// <summary>The kinds of tokenizers that are trained.</summary>
public enum TokenizerKind
{
    BytePair,
    WordPiece,
    Unigram,
}

/// <summary>Where the tokenizer of a new model comes from.</summary>
public sealed record TokenizerOptions
{
    /// <summary>A folder with a tokenizer.json; empty for a new tokenizer.</summary>
    public string Path { get; init; } = "";

    /// <summary>bytePair (of bytes, as GPT-2 has it), wordPiece (as BERT has it) or unigram (as T5 has it), for a new tokenizer.</summary>
    public TokenizerKind Kind { get; init; } = TokenizerKind.BytePair;

    /// <summary>Tokens of a new tokenizer, which is trained on the training texts.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>How often a pair of tokens must stand side by side to become one (unigram: how often a piece must occur).</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>Whether capitals and accents are taken off (wordPiece).</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>Tokens that stand for a span of text (unigram), among those of vocabularySize.</summary>
    public int Sentinels { get; init; } = 100;

    /// <summary>A tokenizer of these options, learned from texts.</summary>
    internal Tokenizer Train(IEnumerable<string> texts) => Kind switch
    {
        TokenizerKind.WordPiece => WordPieceTrainer.Train(
            texts, new() { VocabularySize = VocabularySize, MinFrequency = MinFrequency, Lowercase = Lowercase }),
        TokenizerKind.Unigram => UnigramTrainer.Train(
            texts, new() { VocabularySize = VocabularySize, MinFrequency = MinFrequency, Sentinels = Sentinels }),
        _ => BytePairTrainer.Train(texts, new() { VocabularySize = VocabularySize, MinFrequency = MinFrequency }),
    };

    /// <summary>What is wrong with the values of a new tokenizer, each with its key.</summary>
    internal IEnumerable<string> Problems()
    {
        var (least, why) = Kind switch
        {
            TokenizerKind.WordPiece => (6, "5 special tokens and a character"),
            TokenizerKind.Unigram => (4 + Sentinels, $"3 special tokens, {Sentinels} sentinels and a character"),
            _ => (258, "256 bytes, the end of a text, padding"),
        };
        if (Sentinels < 0)
            yield return $"sentinels: a number of at least 0 was expected, found {Sentinels}";
        else if (VocabularySize < least)
            yield return $"vocabularySize: at least {least} were expected ({why}), found {VocabularySize}";
        if (MinFrequency < 1)
            yield return $"minFrequency: a number of at least 1 was expected, found {MinFrequency}";
    }
}
