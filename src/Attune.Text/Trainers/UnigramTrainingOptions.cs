namespace Attune.Text.Trainers;

/// <summary>Settings of training for a Unigram tokenizer.</summary>
public sealed record UnigramTrainingOptions
{
    /// <summary>
    /// The number of tokens, including special tokens and sentinels; fewer if the text has no more pieces, and more if it has more
    /// characters.
    /// </summary>
    public int VocabularySize { get; init; } = 8_000;

    /// <summary>
    /// The number of sentinel tokens <c>&lt;extra_id_0&gt;</c>, <c>&lt;extra_id_1&gt;</c>, …, which mark spans of text.
    /// </summary>
    public int Sentinels { get; init; } = 100;

    /// <summary>The minimum number of occurrences of a piece with more than one character.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>The maximum length of a piece in UTF-16 units.</summary>
    public int MostUnits { get; init; } = 16;

    /// <summary>The number of initial pieces.</summary>
    public int Seeds { get; init; } = 200_000;

    /// <summary>The share of the pieces that each round of pruning keeps.</summary>
    public double Kept { get; init; } = 0.75;

    internal void Check()
    {
        if (VocabularySize < 1)
            throw new InvalidDataException($"VocabularySize must be at least 1 (was {VocabularySize})");
        if (Sentinels < 0)
            throw new InvalidDataException($"Sentinels must be at least 0 (was {Sentinels})");
        if (MostUnits < 1)
            throw new InvalidDataException($"MostUnits must be at least 1 (was {MostUnits})");
        if (Kept is not (> 0 and < 1))
            throw new InvalidDataException($"Kept must be between 0 and 1 (was {Kept})");
    }
}
