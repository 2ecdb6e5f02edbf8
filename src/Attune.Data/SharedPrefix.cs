namespace Attune.Data;

/// <summary>Finds the prompt of two whole transcripts: what they share at the start.</summary>
static class SharedPrefix
{
    // Transcripts of Bai et al. 2022 (https://arxiv.org/abs/2204.05862) mark the turns; the last shared marker ends the prompt.
    const string AnswerMarker = "\n\nAssistant:";

    /// <exception cref="InvalidDataException">The transcripts are equal.</exception>
    public static ComparisonExample Split(Row row, string chosen, string rejected)
    {
        if (chosen == rejected)
            throw new InvalidDataException($"{row.Origin}: chosen and rejected are the same text; a preference needs two answers");
        var prompt = chosen[..LengthOf(chosen, rejected)];
        return Layout.Pair(row, prompt, chosen[prompt.Length..], rejected[prompt.Length..]);
    }

    /// <summary>Up to the last answer marker, else to the last whole word; the space before a word belongs to the answer.</summary>
    static int LengthOf(string a, string b)
    {
        var shared = a.AsSpan().CommonPrefixLength(b);
        var marker = a.LastIndexOf(AnswerMarker, Math.Max(shared - 1, 0), StringComparison.Ordinal);
        if (marker >= 0)
            return marker + AnswerMarker.Length;
        if (IsInsideWord(a, shared) || IsInsideWord(b, shared))
            while (shared > 0 && !char.IsWhiteSpace(a[shared - 1]))
                shared--;
        while (shared > 0 && char.IsWhiteSpace(a[shared - 1]))
            shared--;
        return shared;
    }

    static bool IsInsideWord(string text, int at) => at > 0 && at < text.Length && char.IsLetterOrDigit(text[at - 1]) && char.IsLetterOrDigit(text[at]);
}
