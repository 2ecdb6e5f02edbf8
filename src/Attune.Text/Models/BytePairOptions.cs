namespace Attune.Text;

/// <summary>The settings of a BPE model in tokenizer.json, beside vocabulary and merges.</summary>
sealed record BytePairOptions
{
    /// <summary>The token for a character that the vocabulary lacks; without it such characters are dropped.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether unknown characters in a row make one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a character that the vocabulary lacks is spelled in bytes, <c>&lt;0xE2&gt;</c>, when it has those.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is in the vocabulary is one token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>What stands before every character of a word but the first.</summary>
    public string ContinuingSubwordPrefix { get; init; } = "";

    /// <summary>What stands behind the last character of a word.</summary>
    public string EndOfWordSuffix { get; init; } = "";

    /// <summary>Dropout is for training a model on many spellings; encoding here is always without it, so it is only checked.</summary>
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
