namespace Attune.Text;

/// <summary>RoBERTa's template: <c>cls A sep</c>, or <c>cls A sep sep B sep</c>; every type id is 0.</summary>
sealed class RobertaPostProcessor(Encoding cls, Encoding sep, OffsetTrimmer trimmer) : IPostProcessor
{
    public static RobertaPostProcessor Read(JsonField field) => new(
        SpecialToken.Read(field["cls"], typeId: 0),
        SpecialToken.Read(field["sep"], typeId: 0),
        new(field["trim_offsets"].Flag(), field["add_prefix_space"].Flag()));

    public int Added(bool pair) => pair ? 4 : 2;

    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens)
    {
        var plain = trimmer.Process(encodings, addSpecialTokens)
            .Select(encoding => encoding.WithTypeId(0).With(overflowing: [.. encoding.Overflowing.Select(piece => piece.WithTypeId(0))]));
        return addSpecialTokens ? [.. plain.Select((encoding, i) => (i == 0 ? cls : sep).Followed(encoding).Followed(sep))] : [.. plain];
    }
}
