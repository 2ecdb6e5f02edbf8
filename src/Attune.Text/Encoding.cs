namespace Attune.Text;

/// <summary>A span [Start, End) of the encoded text, in Unicode code points.</summary>
public readonly record struct Offset(int Start, int End);

/// <summary>The tokens of a text; every list has one entry for each token.</summary>
public sealed class Encoding
{
    public required int[] Ids { get; init; }

    public required string[] Tokens { get; init; }

    /// <summary>The span of each token in the original text; (0, 0) for tokens that the template or padding added.</summary>
    public required Offset[] Offsets { get; init; }

    /// <summary>0 for the first text and 1 for the second, unless the tokenizer's template has other ids.</summary>
    public required int[] TypeIds { get; init; }

    /// <summary>False for padding.</summary>
    public required bool[] AttentionMask { get; init; }

    /// <summary>True for tokens that the template or padding added.</summary>
    public required bool[] SpecialTokensMask { get; init; }

    /// <summary>The pieces that truncation removed, in the order of Hugging Face's tokenizers.</summary>
    public IReadOnlyList<Encoding> Overflowing { get; init; } = [];

    public int Length => Ids.Length;

    /// <summary>For each token, whether it overlaps one of these spans of the text.</summary>
    public bool[] Covered(IReadOnlyList<Offset> stretches) =>
        Array.ConvertAll(Offsets, token => stretches.Any(stretch => token.Start < stretch.End && token.End > stretch.Start));

    /// <summary>Whether a token has no text: a template's special token, or padding.</summary>
    internal static Encoding Added(int[] ids, string[] tokens, int typeId, bool attended = true) => new()
    {
        Ids = ids,
        Tokens = tokens,
        Offsets = new Offset[ids.Length],
        TypeIds = Filled(ids.Length, typeId),
        AttentionMask = Filled(ids.Length, attended),
        SpecialTokensMask = Filled(ids.Length, true),
    };

    internal Encoding Slice(int start, int end) => new()
    {
        Ids = Ids[start..end],
        Tokens = Tokens[start..end],
        Offsets = Offsets[start..end],
        TypeIds = TypeIds[start..end],
        AttentionMask = AttentionMask[start..end],
        SpecialTokensMask = SpecialTokensMask[start..end],
    };

    /// <summary>A copy with some lists replaced.</summary>
    internal Encoding With(int[]? typeIds = null, Offset[]? offsets = null, IReadOnlyList<Encoding>? overflowing = null) => new()
    {
        Ids = Ids,
        Tokens = Tokens,
        Offsets = offsets ?? Offsets,
        TypeIds = typeIds ?? TypeIds,
        AttentionMask = AttentionMask,
        SpecialTokensMask = SpecialTokensMask,
        Overflowing = overflowing ?? Overflowing,
    };

    internal Encoding WithTypeId(int typeId) => With(typeIds: Filled(Length, typeId));

    /// <summary>
    /// Concatenates both. Every piece that truncation removed from one is joined with the other and with the other's pieces.
    /// </summary>
    internal Encoding Followed(Encoding next)
    {
        var overflowing = new List<Encoding>();
        foreach (var mine in Overflowing)
        {
            overflowing.Add(mine.Joined(next));
            overflowing.AddRange(next.Overflowing.Select(mine.Joined));
        }
        overflowing.AddRange(next.Overflowing.Select(Joined));
        return Joined(next).With(overflowing: overflowing);
    }

    Encoding Joined(Encoding next) => new()
    {
        Ids = [.. Ids, .. next.Ids],
        Tokens = [.. Tokens, .. next.Tokens],
        Offsets = [.. Offsets, .. next.Offsets],
        TypeIds = [.. TypeIds, .. next.TypeIds],
        AttentionMask = [.. AttentionMask, .. next.AttentionMask],
        SpecialTokensMask = [.. SpecialTokensMask, .. next.SpecialTokensMask],
    };

    internal static T[] Filled<T>(int length, T value)
    {
        var array = new T[length];
        Array.Fill(array, value);
        return array;
    }
}
