namespace Attune.Text;

/// <summary>
/// The ByteLevel post-processor: with <c>trim_offsets</c>, excludes white space at the ends of a token from its offsets.
/// </summary>
sealed class OffsetTrimmer(bool trim, bool addPrefixSpace) : IPostProcessor
{
    static readonly char Space = ByteAlphabet.CharOf((byte)' ');

    public int Added(bool pair) => 0;

    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens) =>
        trim ? [.. encodings.Select(Trim)] : encodings;

    Encoding Trim(Encoding encoding) => encoding.With(
        offsets: [.. encoding.Offsets.Select((offset, i) => Trim(encoding.Tokens[i], offset, isFirst: i == 0 || offset.Start == 0))],
        overflowing: [.. encoding.Overflowing.Select(Trim)]);

    Offset Trim(string token, Offset offset, bool isFirst)
    {
        var leading = token.TakeWhile(IsSpace).Count();
        var trailing = token.Reverse().TakeWhile(IsSpace).Count();
        if (isFirst && addPrefixSpace && leading == 1)
            leading = 0;                                           // the space that the pre-tokenizer added
        var start = Math.Min(offset.Start + leading, offset.End);
        var end = offset.End >= trailing ? Math.Max(offset.End - trailing, start) : offset.End;
        return new(start, end);
    }

    static bool IsSpace(char letter) => letter == Space || char.IsWhiteSpace(letter);
}
