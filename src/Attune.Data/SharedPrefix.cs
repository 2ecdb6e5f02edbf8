namespace Attune.Data;

/// <summary>Finds the prompt of two transcripts: their common prefix.</summary>
static class SharedPrefix
{
    // Transcripts of Bai et al. 2022 (https://arxiv.org/abs/2204.05862) mark the turns; the prompt ends with the last shared marker.
    const string AnswerMarker = "\n\nAssistant:";

    /// <exception cref="InvalidDataException">The transcripts are equal.</exception>
    public static ComparisonExample Split(Row row, string chosen, string rejected)
    {
        if (chosen == rejected)
            throw new InvalidDataException($"{row.Origin}: chosen and rejected are the same text; a comparison needs two different texts");
        var prompt = chosen[..LengthOf(chosen, rejected)];
        return Layout.Pair(row, prompt, chosen[prompt.Length..], rejected[prompt.Length..]);
    }

    /// <summary>Up to the last response marker, or else to the last whole word; the space before a word belongs to the response.</summary>
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

    static bool IsInsideWord(string text, int at) =>
        at > 0 && at < text.Length && char.IsLetterOrDigit(text[at - 1]) && char.IsLetterOrDigit(text[at]);
}
