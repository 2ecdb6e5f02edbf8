namespace Attune.Data.Agreement;

/// <summary>Which of two answers is better.</summary>
public enum Winner
{
    /// <summary>The first is.</summary>
    First,

    /// <summary>The second is.</summary>
    Second,

    /// <summary>They tie.</summary>
    Neither,
}

/// <summary>What one person said of two models' answers to one prompt.</summary>
/// <param name="Item">The prompt. Prompts are what a bootstrap draws, with all that was said of them.</param>
/// <param name="First">The number of the model that wrote the first answer, from 0.</param>
/// <param name="Second">That of the second.</param>
/// <param name="Winner">Which is better.</param>
/// <param name="FirstLength">In characters or tokens, for length control.</param>
/// <param name="SecondLength">In the same.</param>
public readonly record struct ModelComparison(long Item, int First, int Second, Winner Winner, int FirstLength = 0, int SecondLength = 0);
