namespace Attune.Text;

/// <summary>The settings of a BPE model in tokenizer.json, except vocabulary and merges.</summary>
sealed record BytePairOptions
{
    /// <summary>The token for characters that the vocabulary does not have; if null, such characters are dropped.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether consecutive unknown characters become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>
    /// Whether a character that the vocabulary does not have is spelled in bytes, <c>&lt;0xE2&gt;</c>, if it has those.
    /// </summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is in the vocabulary becomes one token without merges.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>The prefix of every character of a word except the first.</summary>
    public string ContinuingSubwordPrefix { get; init; } = "";

    /// <summary>The suffix of the last character of a word.</summary>
    public string EndOfWordSuffix { get; init; } = "";

    /// <summary>Checks dropout, which is only for training of models; encoding here never uses it.</summary>
    public static BytePairOptions Read(JsonField field)
    {
        if (field.Optional("dropout") is { } dropout && !(dropout.Number() is >= 0 and <= 1))
            throw dropout.Wrong("null or a number from 0 to 1");
        return new()
        {
            UnknownToken = field.Optional("unk_token")?.Text(),
            FuseUnknown = field.Flag("fuse_unk", false),
            ByteFallback = field.Flag("byte_fallback", false),
            IgnoreMerges = field.Flag("ignore_merges", false),
            ContinuingSubwordPrefix = field.Optional("continuing_subword_prefix")?.Text() ?? "",
            EndOfWordSuffix = field.Optional("end_of_word_suffix")?.Text() ?? "",
        };
    }
}
