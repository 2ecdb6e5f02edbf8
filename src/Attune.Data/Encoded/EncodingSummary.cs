namespace Attune.Data.Encoded;

/// <summary>What reading and encoding found out in addition to the items, for a run that reads the items from a file.</summary>
/// <param name="Digest">The rows.</param>
/// <param name="Unused">The messages about fields that are not used.</param>
/// <param name="Recognised">The messages about what the rows were read as.</param>
/// <param name="Notices">What encoding cut or left out.</param>
sealed record EncodingSummary(
    DataDigest Digest, IReadOnlyList<string> Unused, IReadOnlyList<string> Recognised, IReadOnlyList<NoticeCount> Notices);
