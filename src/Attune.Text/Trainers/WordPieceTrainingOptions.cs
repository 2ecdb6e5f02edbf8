namespace Attune.Text.Trainers;

/// <summary>How a WordPiece tokenizer is trained.</summary>
public sealed record WordPieceTrainingOptions
{
    /// <summary>How many tokens to stop at, special tokens and characters among them; fewer when the text has no more pairs.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>How often a pair must occur to be merged.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>Whether capitals and accents are taken off before anything else.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>How many different characters to know, the most frequent ones.</summary>
    public int MostLetters { get; init; } = 1000;

    internal void Check()
    {
        if (VocabularySize < 1)
            throw new InvalidDataException($"VocabularySize is {VocabularySize}; expected at least 1");
        if (MostLetters < 1)
            throw new InvalidDataException($"MostLetters is {MostLetters}; expected at least 1");
    }
}
