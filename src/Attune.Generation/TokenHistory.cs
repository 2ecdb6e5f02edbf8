namespace Attune.Generation;

/// <summary>A part of a row.</summary>
public enum TokenSpan
{
    /// <summary>Prompt and response; for an encoder–decoder, the decoder's tokens.</summary>
    All,

    /// <summary>The response without the prompt.</summary>
    Response,

    /// <summary>The prompt; for an encoder–decoder, the encoder's tokens.</summary>
    Source,
}

/// <summary>A growing row of a batch, without padding: the prompt and the response so far.</summary>
/// <param name="source">The prompt.</param>
/// <param name="prefix">What precedes the response: the prompt, or the start token of an encoder–decoder's decoder.</param>
public sealed class TokenHistory(IReadOnlyList<int> source, IReadOnlyList<int> prefix)
{
    readonly List<int> tokens = [.. prefix];

    /// <summary>The tokens of <see cref="TokenSpan.All"/>.</summary>
    public IReadOnlyList<int> Text => tokens;

    public IReadOnlyList<int> Source => source;

    public IEnumerable<int> Response => tokens.Skip(prefix.Count);

    public int ResponseLength => tokens.Count - prefix.Count;

    public IEnumerable<int> Part(TokenSpan span) => span switch
    {
        TokenSpan.All => Text,
        TokenSpan.Response => Response,
        _ => Source,
    };

    public void Add(int token) => tokens.Add(token);

    /// <summary>A copy with one more token.</summary>
    public TokenHistory With(int token)
    {
        var copy = new TokenHistory(source, prefix);
        copy.tokens.AddRange(Response);
        copy.Add(token);
        return copy;
    }
}
