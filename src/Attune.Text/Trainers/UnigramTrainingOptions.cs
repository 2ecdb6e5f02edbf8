namespace Attune.Text.Trainers;

/// <summary>How a Unigram tokenizer is trained.</summary>
public sealed record UnigramTrainingOptions
{
    /// <summary>
    /// How many tokens there are in the end, special tokens and sentinels among them; fewer when the text has no more pieces, and more
    /// when it has more characters.
    /// </summary>
    public int VocabularySize { get; init; } = 8_000;

    /// <summary>How many tokens <c>&lt;extra_id_0&gt;</c>, <c>&lt;extra_id_1&gt;</c>, … there are, which stand for spans of text.</summary>
    public int Sentinels { get; init; } = 100;

    /// <summary>How often a piece of more than one character must occur.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>The most UTF-16 units that a piece has.</summary>
    public int MostUnits { get; init; } = 16;

    /// <summary>How many pieces to begin with.</summary>
    public int Seeds { get; init; } = 200_000;

    /// <summary>The share of the pieces that each round of pruning keeps.</summary>
    public double Kept { get; init; } = 0.75;

    internal void Check()
    {
        if (VocabularySize < 1)
            throw new InvalidDataException($"VocabularySize is {VocabularySize}; expected at least 1");
        if (Sentinels < 0)
            throw new InvalidDataException($"Sentinels is {Sentinels}; expected at least 0");
        if (MostUnits < 1)
            throw new InvalidDataException($"MostUnits is {MostUnits}; expected at least 1");
        if (Kept is not (> 0 and < 1))
            throw new InvalidDataException($"Kept is {Kept}; expected a share between 0 and 1");
    }
}
