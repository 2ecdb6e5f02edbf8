using System.Buffers;

namespace Attune.Text;

/// <summary>Appends a word in other characters.</summary>
delegate void SpellWord(ReadOnlySpan<char> word, ArrayBufferWriter<char> output);

/// <summary>Splits the pieces of a draft that are not added tokens into words, which the model then tokenizes one by one.</summary>
interface IPreTokenizer
{
    void Apply(Draft draft);

    /// <summary>
    /// The last thing that <see cref="Apply"/> does: it spells each word by itself. Null where it does something else.
    /// </summary>
    SpellWord? Spelling => null;

    /// <summary><see cref="Apply"/> without <see cref="Spelling"/>.</summary>
    void Divide(Draft draft) => Apply(draft);

    /// <summary>Whether the pre-tokenizer needs the origin of pieces, so that the draft must be aligned.</summary>
    bool NeedsAlignment => false;
}

/// <summary>The supported pre-tokenizers, by their <c>type</c> in tokenizer.json.</summary>
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
