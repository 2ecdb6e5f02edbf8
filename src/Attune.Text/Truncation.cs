namespace Attune.Text;

/// <summary>Which of two texts is truncated.</summary>
public enum TruncationStrategy
{
    LongestFirst,
    OnlyFirst,
    OnlySecond,
}

/// <summary>
/// Truncates encodings. <see cref="Encoding.Overflowing"/> has only the rest of the word that is split: as in Hugging Face's tokenizers
/// since 0.23, later words are not tokenized at all.
/// </summary>
public sealed record Truncation
{
    /// <summary>The maximum number of tokens of both texts and the template's special tokens together.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The number of tokens that each overflowing piece shares with the previous one.</summary>
    public int Stride { get; init; }

    /// <summary>Which of two texts is truncated: LongestFirst, OnlyFirst, OnlySecond.</summary>
    public TruncationStrategy Strategy { get; init; } = TruncationStrategy.LongestFirst;

    /// <summary>The side that is truncated.</summary>
    public Side Direction { get; init; } = Side.Right;

    internal static Truncation Read(JsonField field) => new()
    {
        MaxLength = field["max_length"].Whole(),
        Stride = field.Optional("stride")?.Whole() ?? 0,
        Strategy = field.Optional("strategy")?.Choice<TruncationStrategy>() ?? TruncationStrategy.LongestFirst,
        Direction = field.Optional("direction")?.Choice<Side>() ?? Side.Right,
    };

    /// <summary>The number of tokens of a text that suffice, so that later words need not be tokenized.</summary>
    internal int Enough(int typeId) => Strategy == TruncationStrategy.OnlySecond && typeId == 0 ? int.MaxValue : MaxLength;

    /// <summary>Truncates one or two encodings to MaxLength − <paramref name="reserved"/> tokens in total.</summary>
    internal IReadOnlyList<Encoding> Apply(IReadOnlyList<Encoding> encodings, int reserved)
    {
        var room = MaxLength - reserved;
        if (room < 0 || Stride > room)
            throw new InvalidDataException(
                $"truncation to {MaxLength} tokens with a stride of {Stride} leaves no tokens for text besides {reserved} special tokens; "
                + "increase the length or decrease the stride");
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
            throw new InvalidDataException("truncation of the second text only needs a second text");
        lengths[target] -= excess;
        return lengths[target] > 0
            ? lengths
            : throw new InvalidDataException($"truncation to {MaxLength} tokens would remove all of the text that it may truncate");
    }

    /// <summary>
    /// The lengths of two texts after truncation: the shorter is kept whole if it fits into half of the length; otherwise each gets
    /// half.
    /// </summary>
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
                $"a stride of {Stride} needs pieces of more than {Stride} tokens, but truncation to {MaxLength} leaves {length}");
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
