using System.Text;
using Attune.Generation.Scheduling;
using Attune.Training.Environments;

namespace Attune;

/// <summary>Why a response ended.</summary>
public enum ResponseEnd
{
    /// <summary>By itself, or at a stop string.</summary>
    Stop,

    /// <summary>It has the maximum length, or the context is full.</summary>
    Length,

    /// <summary>The model called tools.</summary>
    ToolCalls,
}

/// <summary>A part of a response.</summary>
/// <param name="Text">The text that is certain now; it may be empty.</param>
/// <param name="Tokens">The tokens that were sampled since the last piece, without the end-of-sequence token.</param>
public sealed record ResponsePiece(string Text, IReadOnlyList<SampledToken> Tokens);

/// <summary>
/// A response while it is generated, piece by piece. It can be read once. A stop string, and what may be the beginning of one, is held
/// back; so are calls of tools. Dispose of it to cancel it.
/// </summary>
public sealed class ResponseStream : IAsyncEnumerable<ResponsePiece>, IDisposable
{
    readonly TokenStream tokens;
    readonly ResponseText text;
    readonly IReadOnlyList<int> eosIds;

    internal ResponseStream(TokenStream tokens, ResponseText text, IReadOnlyList<int> eosIds) =>
        (this.tokens, this.text, this.eosIds) = (tokens, text, eosIds);

    /// <summary>Tokens that were sampled so far, the end-of-sequence token included.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Why the response ended; valid after its last piece.</summary>
    public ResponseEnd End { get; private set; } = ResponseEnd.Length;

    /// <summary>The calls of tools in the response; complete after its last piece.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; private set; } = [];

    /// <summary>Cancels the response, unless it has ended.</summary>
    public void Dispose() => tokens.Dispose();

    /// <summary>Reads the response. Leaving early cancels it.</summary>
    /// <param name="cancellationToken">Cancels the response.</param>
    public async IAsyncEnumerator<ResponsePiece> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            while (!text.IsStopped && await tokens.Tokens.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                yield return ReadWhatIsThere();
            var rest = text.Finish();
            ToolCalls = text.ToolCalls;
            if (ToolCalls.Count > 0)
                End = ResponseEnd.ToolCalls;
            if (rest.Length > 0)
                yield return new(rest, []);
        }
        finally
        {
            tokens.Dispose();
        }
    }

    /// <summary>The whole response as one piece.</summary>
    /// <param name="cancellationToken">Cancels the response.</param>
    public async Task<ResponsePiece> ReadToEndAsync(CancellationToken cancellationToken = default)
    {
        var (whole, read) = (new StringBuilder(), new List<SampledToken>());
        await foreach (var piece in this.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            whole.Append(piece.Text);
            read.AddRange(piece.Tokens);
        }
        return new(whole.ToString(), read);
    }

    ResponsePiece ReadWhatIsThere()
    {
        var (read, written) = (new List<SampledToken>(), new StringBuilder());
        while (!text.IsStopped && tokens.Tokens.TryRead(out var token))
        {
            TokenCount++;
            if (eosIds.Contains(token.Id))
            {
                End = ResponseEnd.Stop;
                continue;
            }
            read.Add(token);
            written.Append(text.Add(token.Id));
        }
        if (text.IsStopped)
            End = ResponseEnd.Stop;
        return new(written.ToString(), read);
    }
}
