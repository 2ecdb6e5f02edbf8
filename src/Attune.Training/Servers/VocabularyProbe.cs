using Attune.Text;

namespace Attune.Training.Servers;

/// <summary>
/// Compares the vocabulary of a server that does not describe it: the server returns the text of token ids that are spread over the
/// policy's vocabulary. Only tokens of ASCII letters are used, and white space is not compared: servers decode other tokens differently.
/// </summary>
/// <param name="tokenizer">The policy's tokenizer.</param>
sealed class VocabularyProbe(Tokenizer tokenizer)
{
    const int Most = 32;

    IReadOnlyList<(int Id, string Text)> Tokens => field ??= [.. Enumerable.Range(0, Most).Select(Find).OfType<(int, string)>()];

    public IEnumerable<int> Ids => Tokens.Select(token => token.Id);

    /// <summary>How the vocabulary differs; null where it does not, or where a text is too short to be that of the ids.</summary>
    /// <param name="text">The text of a server.</param>
    public string? Difference(string text)
    {
        var theirs = WithoutSpace(text);
        if (theirs.Length < Tokens.Sum(token => token.Text.Length) / 2)                     // the server returned the new token only
            return null;
        var at = 0;
        foreach (var (id, own) in Tokens)
        {
            if (string.CompareOrdinal(theirs, at, own, 0, own.Length) != 0)
                return $"the token id {id} is {own.Quoted()} here, and a text that begins with "
                    + $"{string.Concat(theirs.Skip(at).Take(own.Length)).Quoted()} there";
            at += own.Length;
        }
        return null;
    }

    /// <summary>The first such token of a part of the vocabulary; the last one of the last part.</summary>
    (int Id, string Text)? Find(int part)
    {
        var (from, to) = ((int)((long)part * tokenizer.VocabularySize / Most), (int)((part + 1L) * tokenizer.VocabularySize / Most));
        var ids = Enumerable.Range(from, to - from);
        foreach (var id in part == Most - 1 ? ids.Reverse() : ids)
            if (tokenizer.IdToToken(id) is not null && !tokenizer.IsSpecial(id)
                && WithoutSpace(tokenizer.Decode([id])) is { Length: > 0 } text && text.All(char.IsAsciiLetter))
                return (id, text);
        return null;
    }

    static string WithoutSpace(string text) => string.Concat(text.Where(letter => !char.IsWhiteSpace(letter)));
}
