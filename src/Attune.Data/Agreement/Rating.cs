namespace Attune.Data.Agreement;

/// <summary>What one annotator chose for one part of an item.</summary>
/// <param name="Item">The item. The bootstrap draws items, each with all its parts.</param>
/// <param name="Part">Which question about the item, such as one pair of a ranking; 0 where there is only one.</param>
/// <param name="Rater">The annotator.</param>
/// <param name="Value">A category, or a level (a larger number is a higher level).</param>
public readonly record struct Rating(long Item, int Part, long Rater, int Value);
