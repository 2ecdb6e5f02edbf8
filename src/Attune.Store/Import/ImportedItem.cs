using Attune.Data;

namespace Attune.Store.Import;

/// <summary>An item from a row of a file, with an imported decision where there is one.</summary>
/// <param name="Origin">File and line.</param>
/// <param name="Item">The item to add.</param>
/// <param name="Result">The decision by place; null where the row has none.</param>
sealed record ImportedItem(Origin Origin, Item Item, AnnotationResult? Result);
