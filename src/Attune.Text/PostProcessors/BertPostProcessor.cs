namespace Attune.Text;

/// <summary>
/// BERT's template: <c>cls A sep</c> or <c>cls A sep B sep</c>, with type id 0 up to the first sep and type id 1 after it.
/// </summary>
sealed class BertPostProcessor(Encoding cls, Encoding sep) : IPostProcessor
{
    public static BertPostProcessor Read(JsonField field) =>
        new(SpecialToken.Read(field["cls"], typeId: 0), SpecialToken.Read(field["sep"], typeId: 0));

    public int Added(bool pair) => pair ? 3 : 2;

    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens) => addSpecialTokens
        ? [.. encodings.Select((encoding, i) => i == 0
            ? cls.Followed(encoding).Followed(sep)
            : encoding.Followed(sep.WithTypeId(1)))]
        : encodings;
}
