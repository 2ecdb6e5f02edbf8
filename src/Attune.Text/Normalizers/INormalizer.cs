namespace Attune.Text;

/// <summary>Changes the pieces of a draft that are not added tokens.</summary>
interface INormalizer
{
    void Normalize(Draft draft);
}

/// <summary>The supported normalizers, by their <c>type</c> in tokenizer.json.</summary>
static class Normalizers
{
    public static INormalizer Read(JsonField field) => field["type"].Text() switch
    {
        "Sequence" => new NormalizerSequence([.. field["normalizers"].Items().Select(Read)]),
        "NFC" => UnicodeFormNormalizer.Read(field, System.Text.NormalizationForm.FormC),
        "NFD" => UnicodeFormNormalizer.Read(field, System.Text.NormalizationForm.FormD),
        "NFKC" => UnicodeFormNormalizer.Read(field, System.Text.NormalizationForm.FormKC),
        "NFKD" => UnicodeFormNormalizer.Read(field, System.Text.NormalizationForm.FormKD),
        "Lowercase" => new LowercaseNormalizer(),
        "Nmt" => CodePointNormalizer.Nmt,
        "StripAccents" => CodePointNormalizer.WithoutMarks,
        "Strip" => new StripNormalizer(field["strip_left"].Flag(), field["strip_right"].Flag()),
        "BertNormalizer" => BertNormalizer.Read(field),
        "Precompiled" => PrecompiledNormalizer.Read(field),
        "ByteLevel" => new ByteLevelNormalizer(),
        "Prepend" => new PrependNormalizer(field["prepend"].Text()),
        "Replace" => new ReplaceNormalizer(Patterns.Read(field["pattern"]), field["content"].Text()),
        _ => throw field["type"].Unknown(
            "normalizer", "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "StripAccents", "Strip", "BertNormalizer",
            "Precompiled", "ByteLevel", "Prepend", "Replace"),
    };
}
