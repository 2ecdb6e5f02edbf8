namespace Attune.Text;

/// <summary>Turns tokens into pieces of text, which are then concatenated.</summary>
interface IDecoder
{
    IReadOnlyList<string> Decode(IReadOnlyList<string> tokens);
}

/// <summary>The supported decoders, by their <c>type</c> in tokenizer.json.</summary>
static class Decoders
{
    public static IDecoder Read(JsonField field) => field["type"].Text() switch
    {
        "Sequence" => new DecoderSequence([.. field["decoders"].Items().Select(Read)]),
        "ByteLevel" => new ByteLevelDecoder(),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new FuseDecoder(),
        "Strip" => StripDecoder.Read(field),
        "Replace" => TokenDecoder.ReadReplace(field),
        "Metaspace" => TokenDecoder.ReadMetaspace(field),
        "WordPiece" => TokenDecoder.ReadWordPiece(field),
        "BPEDecoder" => TokenDecoder.ReadBytePair(field),
        "CTC" => CtcDecoder.Read(field),
        _ => throw field["type"].Unknown(
            "decoder", "Sequence", "ByteLevel", "ByteFallback", "Fuse", "Strip", "Replace", "Metaspace", "WordPiece", "BPEDecoder", "CTC"),
    };
}
