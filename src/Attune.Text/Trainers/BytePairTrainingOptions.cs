namespace Attune.Text.Trainers;

/// <summary>How a byte-level BPE tokenizer is trained, and which of its tokens play which part.</summary>
public sealed record BytePairTrainingOptions
{
    /// <summary>How many tokens to stop at, special tokens and the 256 bytes among them; fewer when the text has no more pairs.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>How often a pair must occur to be merged.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>The tokens with the first ids, which no text is ever merged into and which decoding can skip.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>", "<|pad|>"];

    /// <summary>The most characters of the byte alphabet that a token may have, or null for any number.</summary>
    public int? MaxTokenLength { get; init; }

    /// <summary>The regular expression whose matches are the words that merges stay within; null for that of GPT-2.</summary>
    public string? Split { get; init; }

    /// <summary>Whether a text that does not begin with a space is treated as if it did.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>Whether all 256 bytes get a token, or only those that occur: then other text cannot be encoded.</summary>
    public bool InitialAlphabet { get; init; } = true;

    /// <summary>The special token that begins a text, or null.</summary>
    public string? BosToken { get; init; } = "<|endoftext|>";

    /// <summary>The special token that ends a text, or null.</summary>
    public string? EosToken { get; init; } = "<|endoftext|>";

    /// <summary>The special token that fills batches up, or null. It should play no other part, so that losses can tell them apart.</summary>
    public string? PadToken { get; init; } = "<|pad|>";

    /// <summary>The special token for what the vocabulary lacks, or null: bytes lack nothing.</summary>
    public string? UnkToken { get; init; }

    /// <summary>The Jinja source of a chat template, such as <see cref="Text.ChatTemplate.ChatMl"/>, or null.</summary>
    public string? ChatTemplate { get; init; }

    internal void Check()
    {
        if (VocabularySize < 1)
            throw new InvalidDataException($"VocabularySize is {VocabularySize}; expected at least 1");
        if (MaxTokenLength < 1)
            throw new InvalidDataException($"MaxTokenLength is {MaxTokenLength}; expected at least 1, or null for any length");
        if (SpecialTokens.Any(string.IsNullOrEmpty))
            throw new InvalidDataException("SpecialTokens has an empty token");
        CheckPart(nameof(BosToken), BosToken);
        CheckPart(nameof(EosToken), EosToken);
        CheckPart(nameof(PadToken), PadToken);
        CheckPart(nameof(UnkToken), UnkToken);
    }

    void CheckPart(string part, string? token)
    {
        if (token is not null && !SpecialTokens.Contains(token))
            throw new InvalidDataException(
                $"{part} is '{token}', which is none of the SpecialTokens ({string.Join(", ", SpecialTokens)}); "
                + $"add it there, or set {part} to null");
    }
}
