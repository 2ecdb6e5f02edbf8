using Attune.Data;

namespace Attune.Store.Import;

/// <summary>An item from a row of a file, and what somebody decided about it elsewhere.</summary>
/// <param name="Origin">File and line.</param>
/// <param name="Item">As it will be added.</param>
/// <param name="Result">By place; null where the row decides nothing.</param>
sealed record ImportedItem(Origin Origin, Item Item, AnnotationResult? Result);
