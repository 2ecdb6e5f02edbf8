namespace Attune.Text;

/// <summary>
/// Decodes ids one at a time, step by step as the library's DecodeStream: text is given out once it is certain, that is when it
/// does not end in the middle of a character.
/// </summary>
public sealed class DecodeStream
{
    readonly Tokenizer tokenizer;
    readonly bool skipSpecialTokens;
    readonly List<int> ids = [];                                   // those of the text given out last, then those not yet given out
    string prefix = "";                                            // the text given out last, which tells how the next begins
    int prefixIds;

    internal DecodeStream(Tokenizer tokenizer, bool skipSpecialTokens) =>
        (this.tokenizer, this.skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>The text that this id completes; null when it completes none.</summary>
    public string? Step(int id)
    {
        if (prefix.Length == 0 && ids.Count > 0 && Decode() is var settled && !settled.EndsWith('\uFFFD'))
            (prefix, prefixIds) = (settled, ids.Count);
        ids.Add(id);
        var text = Decode();
        if (text.EndsWith('\uFFFD') || text.Length <= prefix.Length)
            return null;
        if (!text.StartsWith(prefix, StringComparison.Ordinal))
            throw new InvalidDataException($"the decoder of this tokenizer cannot stream: '{prefix}' became '{text}' with the next token");
        var given = text[prefix.Length..];
        ids.RemoveRange(0, prefixIds);
        (prefix, prefixIds) = (Decode(), ids.Count);
        return given;
    }

    /// <summary>Ends the stream: the text still held back, with U+FFFD for bytes that are no character; null when there is none.</summary>
    public string? Finish()
    {
        var text = Decode();
        var rest = text.Length > prefix.Length && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;
        ids.Clear();
        (prefix, prefixIds) = ("", 0);
        return rest;
    }

    string Decode() => tokenizer.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids), skipSpecialTokens);
}
