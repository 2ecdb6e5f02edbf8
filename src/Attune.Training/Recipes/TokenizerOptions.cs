namespace Attune.Training.Recipes;

/// <summary>Where the tokenizer of a new model comes from.</summary>
public sealed record TokenizerOptions
{
    /// <summary>A folder with a tokenizer.json; empty for a new tokenizer.</summary>
    public string Path { get; init; } = "";

    /// <summary>Tokens of a new byte-level BPE tokenizer, which is trained on the training texts.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>How often a pair of tokens must stand side by side to become one.</summary>
    public int MinFrequency { get; init; } = 2;
}
