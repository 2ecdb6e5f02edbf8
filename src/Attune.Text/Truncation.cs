namespace Attune.Text;

/// <summary>Which of two texts gives way.</summary>
public enum TruncationStrategy
{
    LongestFirst,
    OnlyFirst,
    OnlySecond,
}

/// <summary>
/// Cuts encodings to a length. Of what is cut off, <see cref="Encoding.Overflowing"/> keeps the rest of the word that is cut
/// through: as in the library since its version 0.23, words beyond that are not tokenized at all.
/// </summary>
public sealed record Truncation
{
    /// <summary>The most tokens that both texts and the template's special tokens may have together.</summary>
    public required int MaxLength { get; init; }

    /// <summary>How many tokens each overflowing piece repeats of the one before it.</summary>
    public int Stride { get; init; }

    /// <summary>Which of two texts gives way: LongestFirst, OnlyFirst, OnlySecond.</summary>
    public TruncationStrategy Strategy { get; init; } = TruncationStrategy.LongestFirst;

    /// <summary>The end at which tokens are cut off.</summary>
    public Side Direction { get; init; } = Side.Right;

    internal static Truncation Read(JsonField field) => new()
    {
        MaxLength = field["max_length"].Whole(),
        Stride = field.Optional("stride")?.Whole() ?? 0,
        Strategy = field.Optional("strategy")?.Choice<TruncationStrategy>() ?? TruncationStrategy.LongestFirst,
        Direction = field.Optional("direction")?.Choice<Side>() ?? Side.Right,
    };

    /// <summary>How many tokens of a text suffice, so that the words behind them need not be tokenized.</summary>
    internal int Enough(int typeId) => Strategy == TruncationStrategy.OnlySecond && typeId == 0 ? int.MaxValue : MaxLength;

    /// <summary>Cuts one or two encodings so that no more than MaxLength − <paramref name="reserved"/> tokens are left of them.</summary>
    internal IReadOnlyList<Encoding> Apply(IReadOnlyList<Encoding> encodings, int reserved)
    {
        var room = MaxLength - reserved;
        if (room < 0 || Stride > room)
            throw new InvalidDataException(
                $"truncation to {MaxLength} tokens with a stride of {Stride} leaves no room for text beside {reserved} special tokens; "
                + "raise the length or lower the stride");
        var total = encodings.Sum(encoding => encoding.Length);
        if (total <= room && room > 0)
            return encodings;
        var lengths = room == 0 ? [.. encodings.Select(_ => 0)] : Lengths([.. encodings.Select(encoding => encoding.Length)], total - room);
        return [.. encodings.Select((encoding, i) => Cut(encoding, lengths[i]))];
    }

    int[] Lengths(int[] lengths, int excess)
    {
        if (Strategy == TruncationStrategy.LongestFirst)
            return lengths.Length == 1 ? [lengths[0] - excess] : Shared(lengths[0], lengths[1], lengths.Sum() - excess);
        var target = Strategy == TruncationStrategy.OnlyFirst ? 0 : 1;
        if (target >= lengths.Length)
            throw new InvalidDataException("truncation is to cut the second text only, and there is none");
        lengths[target] -= excess;
        return lengths[target] > 0
            ? lengths
            : throw new InvalidDataException($"truncation to {MaxLength} tokens would leave nothing of the one text that it may cut");
    }

    /// <summary>What is left of two texts: the shorter whole if it fits in half the room, or else half the room each.</summary>
    static int[] Shared(int first, int second, int room)
    {
        var (shorter, longer) = (Math.Min(first, second), Math.Max(first, second));
        longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
            (shorter, longer) = (room / 2, room / 2 + room % 2);
        return first > second ? [longer, shorter] : [shorter, longer];
    }

    Encoding Cut(Encoding encoding, int length)
    {
        if (length >= encoding.Length)
            return encoding;
        if (length == 0)
            return encoding.Slice(0, 0).With(overflowing: [encoding]);
        if (Stride >= length)
            throw new InvalidDataException(
                $"a stride of {Stride} needs pieces of more than {Stride} tokens, and truncation to {MaxLength} leaves {length}");
        var pieces = Pieces(encoding.Length, length, length - Stride).Select(piece => encoding.Slice(piece.Start, piece.End)).ToList();
        return pieces[0].With(overflowing: pieces[1..]);
    }

    IEnumerable<(int Start, int End)> Pieces(int total, int length, int step)
    {
        for (var done = 0; done < total; done += step)
        {
            var last = done + length >= total;
            yield return Direction == Side.Right
                ? (done, last ? total : done + length)
                : (last ? 0 : total - done - length, total - done);
            if (last)
                yield break;
        }
    }
}
