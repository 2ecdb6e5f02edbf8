namespace Attune.Text;

/// <summary>Pads encodings to a common length.</summary>
public sealed record Padding
{
    const int Most = 1 << 20;                                      // largest length that a file may set

    /// <summary>The length to pad to; null for the longest in the batch.</summary>
    public int? Length { get; init; }

    /// <summary>Rounds the length up to a multiple of this; 0 for none.</summary>
    public int PadToMultipleOf { get; init; }

    public int PadId { get; init; }

    public int PadTypeId { get; init; }

    public string PadToken { get; init; } = "[PAD]";

    /// <summary>The side on which padding is added.</summary>
    public Side Direction { get; init; } = Side.Right;

    internal static Padding Read(JsonField field) => new()
    {
        Length = field["strategy"].Value.ValueKind == System.Text.Json.JsonValueKind.Object ? field["strategy"]["Fixed"].Whole(Most) : null,
        PadToMultipleOf = field.Optional("pad_to_multiple_of")?.Whole(Most) ?? 0,
        PadId = field["pad_id"].Whole(),
        PadTypeId = field["pad_type_id"].Whole(),
        PadToken = field["pad_token"].Text(),
        Direction = field.Optional("direction")?.Choice<Side>() ?? Side.Right,
    };

    internal IReadOnlyList<Encoding> Apply(IReadOnlyList<Encoding> batch)
    {
        var length = Length ?? batch.Select(encoding => encoding.Length).DefaultIfEmpty().Max();
        if (PadToMultipleOf > 0)
            length = (length + PadToMultipleOf - 1) / PadToMultipleOf * PadToMultipleOf;
        return [.. batch.Select(encoding => Fill(encoding, length))];
    }

    Encoding Fill(Encoding encoding, int length)
    {
        var missing = Math.Max(0, length - encoding.Length);
        var padding = Encoding.Added(
            Encoding.Filled(missing, PadId), Encoding.Filled(missing, PadToken), PadTypeId, attended: false);
        var plain = encoding.With(overflowing: []);
        return (Direction == Side.Right ? plain.Followed(padding) : padding.Followed(plain))
            .With(overflowing: [.. encoding.Overflowing.Select(piece => Fill(piece, length))]);
    }
}
