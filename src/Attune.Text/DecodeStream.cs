namespace Attune.Text;

/// <summary>
/// Decodes ids one at a time, like DecodeStream of Hugging Face's tokenizers. Returns text only when it is certain, that is when it
/// does not end inside a character.
/// </summary>
public sealed class DecodeStream
{
    readonly Tokenizer tokenizer;
    readonly bool skipSpecialTokens;
    readonly List<int> ids = [];                                   // those of the last returned text, then the pending ones
    string prefix = "";                                            // the last returned text, which decides how the next begins
    int prefixIds;

    internal DecodeStream(Tokenizer tokenizer, bool skipSpecialTokens) =>
        (this.tokenizer, this.skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>Adds an id and returns the text that it completes, or null.</summary>
    public string? Step(int id)
    {
        if (prefix.Length == 0 && ids.Count > 0 && Decode() is var settled && !settled.EndsWith('\uFFFD'))
            (prefix, prefixIds) = (settled, ids.Count);
        ids.Add(id);
        var text = Decode();
        if (text.EndsWith('\uFFFD') || text.Length <= prefix.Length)
            return null;
        if (!text.StartsWith(prefix, StringComparison.Ordinal))
            throw new InvalidDataException($"the decoder of this tokenizer cannot stream: the next token changed '{prefix}' to '{text}'");
        var given = text[prefix.Length..];
        ids.RemoveRange(0, prefixIds);
        (prefix, prefixIds) = (Decode(), ids.Count);
        return given;
    }

    /// <summary>Ends the stream. Returns the pending text, with U+FFFD for bytes that are not a character, or null.</summary>
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
