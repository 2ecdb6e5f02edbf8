namespace Attune.Data.Encoded;

/// <summary>The items that the rows of a file or folder make, in memory or in a file.</summary>
/// <param name="Items">The items, in the order of the rows. Those of a file are read anew each time.</param>
/// <param name="Hashes">For each item, the <see cref="DataDigest.HashOf"/> of its example.</param>
/// <param name="Digest">The rows.</param>
public sealed record EncodedData<T>(IReadOnlyList<T> Items, IReadOnlyList<ulong> Hashes, DataDigest Digest);
