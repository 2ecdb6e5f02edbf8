namespace Attune.Data.Agreement;

/// <summary>What one person said of one thing.</summary>
/// <param name="Item">What the person was shown. Items are what a bootstrap draws, with all their parts.</param>
/// <param name="Part">Which question about the item, such as one pair of a ranking; 0 where there is one.</param>
/// <param name="Rater">Who.</param>
/// <param name="Value">A category, or a level: a larger one is more.</param>
public readonly record struct Rating(long Item, int Part, long Rater, int Value);
