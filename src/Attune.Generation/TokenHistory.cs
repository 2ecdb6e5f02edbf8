namespace Attune.Generation;

/// <summary>A part of what a row holds.</summary>
public enum TokenSpan
{
    /// <summary>Prompt and answer; of an encoder–decoder what the decoder read.</summary>
    All,

    /// <summary>The answer without the prompt.</summary>
    Response,

    /// <summary>The prompt; of an encoder–decoder what the encoder read.</summary>
    Source,
}

/// <summary>A row of a batch as it grows, without padding: the prompt and the tokens of the answer so far.</summary>
/// <param name="source">The prompt.</param>
/// <param name="beginning">What stands before the answer: the prompt, or what the decoder of an encoder–decoder begins with.</param>
public sealed class TokenHistory(IReadOnlyList<int> source, IReadOnlyList<int> beginning)
{
    readonly List<int> tokens = [.. beginning];

    /// <summary>All of <see cref="TokenSpan.All"/>.</summary>
    public IReadOnlyList<int> Text => tokens;

    public IReadOnlyList<int> Source => source;

    public IEnumerable<int> Response => tokens.Skip(beginning.Count);

    public int ResponseLength => tokens.Count - beginning.Count;

    public IEnumerable<int> Part(TokenSpan span) => span switch
    {
        TokenSpan.All => Text,
        TokenSpan.Response => Response,
        _ => Source,
    };

    public void Add(int token) => tokens.Add(token);

    /// <summary>A copy that goes on with this token.</summary>
    public TokenHistory With(int token)
    {
        var copy = new TokenHistory(source, beginning);
        copy.tokens.AddRange(Response);
        copy.Add(token);
        return copy;
    }
}
