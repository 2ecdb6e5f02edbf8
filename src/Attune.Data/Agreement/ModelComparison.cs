namespace Attune.Data.Agreement;

/// <summary>Which of two responses is better.</summary>
public enum Winner
{
    /// <summary>The first is better.</summary>
    First,

    /// <summary>The second is better.</summary>
    Second,

    /// <summary>A tie.</summary>
    Neither,
}

/// <summary>One annotator's comparison of the responses of two models to one prompt.</summary>
/// <param name="Item">The prompt. The bootstrap draws prompts, each with all its comparisons.</param>
/// <param name="First">The number of the model that wrote the first response, from 0.</param>
/// <param name="Second">The number of the model that wrote the second response.</param>
/// <param name="Winner">Which response is better.</param>
/// <param name="FirstStyle">The style of the first response, for style control.</param>
/// <param name="SecondStyle">The style of the second response.</param>
/// <param name="Rater">The annotator.</param>
/// <param name="IsFirstShownFirst">Whether the annotator saw the first response first, or on the left.</param>
public readonly record struct ModelComparison(
    long Item, int First, int Second, Winner Winner, ResponseStyle FirstStyle = default, ResponseStyle SecondStyle = default,
    long Rater = 0, bool IsFirstShownFirst = true);
