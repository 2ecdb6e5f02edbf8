namespace Attune.Text;

/// <summary>Cuts the pieces of a draft that are not added tokens into words, which the model then tokenizes one by one.</summary>
interface IPreTokenizer
{
    void Apply(Draft draft);

    /// <summary>Whether it asks where in the original a piece stands, so that the draft must be aligned.</summary>
    bool NeedsAlignment => false;
}

/// <summary>The pre-tokenizers this build knows, by the <c>type</c> that tokenizer.json gives them.</summary>
static class PreTokenizers
{
    public static IPreTokenizer Read(JsonField field) => field["type"].Text() switch
    {
        "Sequence" => new PreTokenizerSequence([.. field["pretokenizers"].Items().Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(field["add_prefix_space"].Flag(), field.Flag("use_regex", true)),
        "Split" => SplitPreTokenizer.Read(field),
        "Digits" => SplitPreTokenizer.ReadDigits(field),
        "Punctuation" => SplitPreTokenizer.ReadPunctuation(field),
        "Whitespace" => SplitPreTokenizer.Words,
        "WhitespaceSplit" => SplitPreTokenizer.WhiteSpace,
        "BertPreTokenizer" => new PreTokenizerSequence([SplitPreTokenizer.WhiteSpace, SplitPreTokenizer.Punctuation]),
        "CharDelimiterSplit" => SplitPreTokenizer.ReadDelimiter(field),
        "Metaspace" => new MetaspacePreTokenizer(Metaspace.Read(field)),
        _ => throw field["type"].Unknown(
            "pre-tokenizer", "Sequence", "ByteLevel", "Split", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit",
            "BertPreTokenizer", "CharDelimiterSplit", "Metaspace"),
    };
}
