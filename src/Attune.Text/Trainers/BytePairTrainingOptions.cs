namespace Attune.Text.Trainers;

/// <summary>Settings of training for a byte-level BPE tokenizer, and its special tokens.</summary>
public sealed record BytePairTrainingOptions
{
    /// <summary>The number of tokens, including special tokens and the 256 bytes; fewer if the text has no more pairs.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>The minimum number of occurrences of a pair to be merged.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>The special tokens, which have the first ids. No text is merged into them, and decoding can skip them.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>", "<|pad|>"];

    /// <summary>The maximum length of a token in characters of the byte alphabet; null for no limit.</summary>
    public int? MaxTokenLength { get; init; }

    /// <summary>The regular expression whose matches are the words; merges do not cross words. Null for GPT-2's.</summary>
    public string? Split { get; init; }

    /// <summary>Whether a space is prepended to a text that does not start with one.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>Whether all 256 bytes are tokens, or only those that occur, in which case other text cannot be encoded.</summary>
    public bool InitialAlphabet { get; init; } = true;

    /// <summary>The beginning-of-sequence token (BOS), or null.</summary>
    public string? BosToken { get; init; } = "<|endoftext|>";

    /// <summary>The end-of-sequence token (EOS), or null.</summary>
    public string? EosToken { get; init; } = "<|endoftext|>";

    /// <summary>The padding token, or null. It should differ from the other special tokens, so that losses can exclude padding.</summary>
    public string? PadToken { get; init; } = "<|pad|>";

    /// <summary>The unknown token, or null. Byte-level tokenizers do not need one.</summary>
    public string? UnkToken { get; init; }

    /// <summary>The Jinja source of a chat template, such as <see cref="Text.ChatTemplate.ChatMl"/>, or null.</summary>
    public string? ChatTemplate { get; init; }

    internal void Check()
    {
        if (VocabularySize < 1)
            throw new InvalidDataException($"VocabularySize must be at least 1 (was {VocabularySize})");
        if (MaxTokenLength < 1)
            throw new InvalidDataException($"MaxTokenLength must be at least 1, or null for no limit (was {MaxTokenLength})");
        if (SpecialTokens.Any(string.IsNullOrEmpty))
            throw new InvalidDataException("SpecialTokens must not have an empty token");
        CheckPart(nameof(BosToken), BosToken);
        CheckPart(nameof(EosToken), EosToken);
        CheckPart(nameof(PadToken), PadToken);
        CheckPart(nameof(UnkToken), UnkToken);
    }

    void CheckPart(string part, string? token)
    {
        if (token is not null && !SpecialTokens.Contains(token))
            throw new InvalidDataException(
                $"{part} must be one of SpecialTokens ({string.Join(", ", SpecialTokens)}) or null (was '{token}'); "
                + $"add it to SpecialTokens, or set {part} to null");
    }
}
