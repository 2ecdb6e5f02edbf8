using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace Attune.Data.Sources;

/// <summary>
/// Checks that the lengths and offsets of a column stay inside its buffers; the library reads memory by them without a check.
/// </summary>
static class ArrowBuffers
{
    /// <exception cref="InvalidDataException">The column is damaged, or of a kind that is not supported.</exception>
    public static void Check(ArrayData column)
    {
        var end = (long)column.Offset + column.Length;
        Require(column.Length >= 0 && column.Offset >= 0);
        if (column.DataType is not NullType)
            Require(column.NullCount == 0 || column.Buffers[0].Length >= (end + 7) / 8);
        switch (column.DataType)
        {
            case NullType:
                break;
            case StringType or BinaryType:
                CheckOffsets<int>(column, end, column.Buffers[2].Length);
                break;
            case LargeStringType:
                CheckOffsets<long>(column, end, column.Buffers[2].Length);
                break;
            case ListType:
                CheckOffsets<int>(column, end, column.Children[0].Length);
                break;
            case LargeListType:
                CheckOffsets<long>(column, end, column.Children[0].Length);
                break;
            case FixedSizeListType list:
                Require(list.ListSize >= 0 && column.Children[0].Length >= end * list.ListSize);
                break;
            case StructType structure:
                Require(column.Children.Length == structure.Fields.Count && column.Children.All(child => child.Length >= end));
                break;
            case DictionaryType { IndexType: FixedWidthType index }:
                Require(column.Buffers[1].Length >= end * index.BitWidth / 8);
                Check(column.Dictionary);
                break;
            case FixedWidthType numbers:
                Require(column.Buffers[1].Length >= (end * numbers.BitWidth + 7) / 8);
                break;
            default:
                throw new InvalidDataException($"columns of type {column.DataType.Name} are not supported");
        }
        foreach (var child in column.Children ?? [])
            Check(child);
    }

    /// <summary>The offsets of texts and lists never fall, and end inside what they divide.</summary>
    static void CheckOffsets<T>(ArrayData column, long end, long length) where T : unmanaged, IComparable<T>, IConvertible
    {
        if (column.Length == 0)
            return;
        var offsets = MemoryMarshal.Cast<byte, T>(column.Buffers[1].Span);
        Require(offsets.Length > end);
        offsets = offsets.Slice(column.Offset, column.Length + 1);
        for (var i = 1; i < offsets.Length; i++)
            Require(offsets[i].CompareTo(offsets[i - 1]) >= 0);
        Require(offsets[0].CompareTo(default) >= 0 && offsets[^1].ToInt64(null) <= length);
    }

    static void Require(bool condition)
    {
        if (!condition)
            throw new InvalidDataException("the lengths of the file's buffers do not agree");
    }
}
