using System.ComponentModel.DataAnnotations;
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
public sealed record TokenizerOptions : IValidatableObject
{
    /// <summary>A folder with a tokenizer.json; empty for a new tokenizer.</summary>
    public string Path { get; init; } = "";

    /// <summary>bytePair (of bytes, as GPT-2 has it), wordPiece (as BERT has it) or unigram (as T5 has it), for a new tokenizer.</summary>
    public TokenizerKind Kind { get; init; } = TokenizerKind.BytePair;

    /// <summary>Tokens of a new tokenizer, which is trained on the training texts.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>How often a pair of tokens must stand side by side to become one (unigram: how often a piece must occur).</summary>
    [Range(1, double.PositiveInfinity)]
    public int MinFrequency { get; init; } = 2;

    /// <summary>Whether capitals and accents are taken off (wordPiece).</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>Tokens that stand for a span of text (unigram), among those of vocabularySize.</summary>
    [Range(0, double.PositiveInfinity)]
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

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var (least, why) = Kind switch
        {
            TokenizerKind.WordPiece => (6, "5 special tokens and a character"),
            TokenizerKind.Unigram => (4 + Sentinels, $"3 special tokens, {Sentinels} sentinels and a character"),
            _ => (258, "256 bytes, the end of a text, padding"),
        };
        if (Path.Length == 0 && VocabularySize < least)
            yield return new($"must be at least {least}: {why}", [nameof(VocabularySize)]);
    }
}
