namespace Attune.Text.Trainers;

/// <summary>Settings of training for a WordPiece tokenizer.</summary>
public sealed record WordPieceTrainingOptions
{
    /// <summary>The number of tokens, including special tokens and characters; fewer if the text has no more pairs.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>The minimum number of occurrences of a pair to be merged.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>Whether to remove capitals and accents.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>The maximum number of distinct characters; the most frequent are kept.</summary>
    public int MostLetters { get; init; } = 1000;

    internal void Check()
    {
        if (VocabularySize < 1)
            throw new InvalidDataException($"VocabularySize must be at least 1 (was {VocabularySize})");
        if (MostLetters < 1)
            throw new InvalidDataException($"MostLetters must be at least 1 (was {MostLetters})");
    }
}
