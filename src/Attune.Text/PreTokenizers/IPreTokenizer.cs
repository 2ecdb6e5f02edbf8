namespace Attune.Text;

/// <summary>Cuts the pieces of a draft that are not added tokens into words, which the model then tokenizes one by one.</summary>
interface IPreTokenizer
{
    void Apply(Draft draft);
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
        _ => throw field["type"].Unknown("pre-tokenizer", "Sequence", "ByteLevel", "Split", "Digits", "Punctuation"),
    };
}
