using Attune.Text;

namespace Attune.Export;

/// <summary>
/// llama.cpp's names of the pre-tokenizers of byte-level BPE. It has their patterns compiled in, and some names also mean that a word that
/// is a token is not merged (<c>ignore_merges</c>).
/// </summary>
static class PreTokenizerNames
{
    static readonly (string Pattern, bool IgnoresMerges, string Name)[] OfPatterns =
    [
        (Cl100kPattern.Llama3Source, true, "llama-bpe"),
        (Cl100kPattern.Llama3Source, false, "dbrx"),
        (Cl100kPattern.Qwen2Source, false, "qwen2"),
    ];

    public static bool HasByteLevel(JsonField root) => Steps(root).Any(step => step["type"].Text() == "ByteLevel");

    /// <exception cref="InvalidDataException">llama.cpp has no such pre-tokenizer.</exception>
    public static string Of(JsonField root)
    {
        if (root.Optional("normalizer") is { } normalizer && normalizer["type"].Text() != "NFC")
            throw GgufTokenizer.Refused(normalizer, $"the normalizer is {normalizer["type"].Text()}");
        var (steps, ignoresMerges) = (Steps(root).ToList(), root["model"].Flag("ignore_merges", false));
        if (steps.Exists(step => step.Flag("add_prefix_space", false)))
            throw GgufTokenizer.Refused(root["pre_tokenizer"], "it adds a space in front of texts (add_prefix_space)");
        return (steps.Count, ignoresMerges) switch
        {
            (1, false) when UsesItsPattern(steps[0]) => "gpt-2",
            (2, false) when IsDigits(steps[0]) && UsesItsPattern(steps[1]) => "smollm",
            (2, _) when IsolatedPattern(steps[0]) is { } pattern && !UsesItsPattern(steps[1]) => Named(pattern, ignoresMerges),
            _ => null,
        } ?? throw GgufTokenizer.Refused(
            root["pre_tokenizer"], $"the pre-tokenizer has another pattern{(ignoresMerges ? ", with ignore_merges" : "")}");
    }

    static string? Named(string pattern, bool ignoresMerges) =>
        OfPatterns.FirstOrDefault(known => known.Pattern == pattern && known.IgnoresMerges == ignoresMerges).Name;

    static IEnumerable<JsonField> Steps(JsonField root) => root.Optional("pre_tokenizer") switch
    {
        null => [],
        { } sequence when sequence["type"].Text() == "Sequence" => sequence["pretokenizers"].Items(),
        { } single => [single],
    };

    static bool UsesItsPattern(JsonField step) => step["type"].Text() == "ByteLevel" && step.Flag("use_regex", true);

    static bool IsDigits(JsonField step) => step["type"].Text() == "Digits" && step.Flag("individual_digits", false);

    static string? IsolatedPattern(JsonField step) =>
        step["type"].Text() == "Split" && step["behavior"].Text() == "Isolated" && !step.Flag("invert", false)
            ? step["pattern"].Optional("Regex")?.Text()
            : null;
}
