using System.Runtime.InteropServices;

namespace Attune.Data.Encoded;

/// <summary>Where an item begins in the file, and the hash of its example.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
readonly record struct IndexEntry(long Start, ulong Hash);

/// <summary>The last bytes of the file.</summary>
/// <param name="IndexAt">Where the index begins.</param>
/// <param name="Count">The number of items; the index has one entry more.</param>
/// <param name="DescriptionSize">The size of the description, which follows the index.</param>
/// <param name="Crc">The CRC-32C of all bytes before it.</param>
/// <param name="Last">The last four bytes.</param>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
readonly record struct TokenFileEnd(long IndexAt, long Count, long DescriptionSize, uint Crc, uint Last = TokenFileEnd.Magic)
{
    public const uint Magic = 0x4B4F5441;                          // "ATOK"

    /// <summary>The size of the end, and that of its beginning, which the checksum covers.</summary>
    public const int Size = 32, Checked = 24;
}

/// <summary>What a file of items was made of.</summary>
/// <param name="Key">All that decides its content.</param>
/// <param name="Data">The full path of the data.</param>
/// <param name="Content">The SHA-256 of the data files.</param>
/// <param name="Reader">The method that reads it.</param>
/// <param name="Summary">What reading and encoding found out.</param>
sealed record TokenFileDescription(string Key, string Data, string Content, string Reader, EncodingSummary Summary);
