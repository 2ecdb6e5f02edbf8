using System.ComponentModel.DataAnnotations;
using Attune.Text;
using Attune.Text.Trainers;
using Attune.Training.Options;

namespace Attune.Training.Parameters;

/// <summary>The kinds of tokenizers that can be trained.</summary>
public enum TokenizerKind
{
    BytePair,
    WordPiece,
    Unigram,
    Word,
    Character,
}

/// <summary>Where the tokenizer of a new model comes from.</summary>
public sealed record TokenizerOptions : IValidatableObject
{
    /// <summary>A folder with a tokenizer.json; empty for a new tokenizer.</summary>
    [ExistingPath(IsModel = true)]
    public string Path { get; init; } = "";

    /// <summary>
    /// The kind of a new tokenizer: bytePair (byte-level BPE, as GPT-2's), wordPiece (as BERT's), unigram (as T5's), word (a token for each
    /// word, with the space before it) or character (a token for each character).
    /// </summary>
    public TokenizerKind Kind { get; init; } = TokenizerKind.BytePair;

    /// <summary>The vocabulary size of a new tokenizer, which is trained on the training texts.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>
    /// How often a pair of adjacent tokens must occur to be merged (unigram: how often a piece must occur); not used by word and character.
    /// </summary>
    [Range(1, double.PositiveInfinity)]
    public int MinFrequency { get; init; } = 2;

    /// <summary>Whether texts are lowercased and accents removed (wordPiece).</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>How many tokens of the vocabulary are sentinels, which replace masked spans (unigram).</summary>
    [Range(0, double.PositiveInfinity)]
    public int Sentinels { get; init; } = 100;

    /// <summary>Trains a tokenizer with these options on texts.</summary>
    internal Tokenizer Train(IEnumerable<string> texts) => Kind switch
    {
        TokenizerKind.WordPiece => WordPieceTrainer.Train(
            texts, new() { VocabularySize = VocabularySize, MinFrequency = MinFrequency, Lowercase = Lowercase }),
        TokenizerKind.Unigram => UnigramTrainer.Train(
            texts, new() { VocabularySize = VocabularySize, MinFrequency = MinFrequency, Sentinels = Sentinels }),
        TokenizerKind.Word => WordLevelTrainer.TrainWords(texts, VocabularySize),
        TokenizerKind.Character => WordLevelTrainer.TrainCharacters(texts, VocabularySize),
        _ => BytePairTrainer.Train(texts, new() { VocabularySize = VocabularySize, MinFrequency = MinFrequency }),
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var (minimum, why) = Kind switch
        {
            TokenizerKind.WordPiece => (6, "5 special tokens and a character"),
            TokenizerKind.Unigram => (4 + Sentinels, $"3 special tokens, {Sentinels} sentinels and a character"),
            TokenizerKind.Word or TokenizerKind.Character => (4, "3 special tokens and a word or character"),
            _ => (258, "256 bytes, the end-of-sequence token and padding"),
        };
        if (Path.Length == 0 && VocabularySize < minimum)
            yield return new($"must be at least {minimum}: {why}", [nameof(VocabularySize)]);
    }
}
