using System.Diagnostics;
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
/// <param name="Tokens">The tokens that were sampled since the last piece, without the one that ended it.</param>
public sealed record ResponsePiece(string Text, IReadOnlyList<SampledToken> Tokens);

/// <summary>
/// A response while it is generated, piece by piece. It can be read once. A stop string, and what may be the beginning of one, is held
/// back; so are calls of tools. Dispose of it to cancel it.
/// </summary>
public sealed class ResponseStream : IAsyncEnumerable<ResponsePiece>, IDisposable
{
    readonly TokenStream tokens;
    readonly ResponseText text;
    readonly long start = Stopwatch.GetTimestamp();

    internal ResponseStream(TokenStream tokens, ResponseText text) => (this.tokens, this.text) = (tokens, text);

    /// <summary>Tokens that were sampled so far, the one that ended the response included.</summary>
    public int TokenCount { get; private set; }

    /// <summary>The time from the request to the first token; null before it.</summary>
    public TimeSpan? TimeToFirstToken { get; private set; }

    /// <summary>The time from the request to the latest token.</summary>
    public TimeSpan TimeToLastToken { get; private set; }

    /// <summary>The token that ended the response, which no piece has: of the end of the sequence, or one of those to stop at.</summary>
    public SampledToken? EndToken { get; private set; }

    /// <summary>The stop string that ended the response; null for none.</summary>
    public string? StopString => text.StoppedBy;

    /// <summary>The number of tokens of the prompt that were taken from another response, and not read again.</summary>
    public int SharedTokens => tokens.SharedTokens;

    /// <summary>The version of the weights that respond; null before the first piece.</summary>
    public string? WeightVersion => tokens.WeightVersion;

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
            while (text.StoppedBy is null && await tokens.Tokens.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
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
        while (text.StoppedBy is null && tokens.Tokens.TryRead(out var token))
        {
            TokenCount++;
            if (tokens.EosIds.Contains(token.Id))
            {
                (EndToken, End) = (token, ResponseEnd.Stop);
                continue;
            }
            read.Add(token);
            written.Append(text.Add(token.Id));
        }
        TimeToLastToken = Stopwatch.GetElapsedTime(start);
        TimeToFirstToken ??= TimeToLastToken;
        if (text.StoppedBy is not null)
            End = ResponseEnd.Stop;
        return new(written.ToString(), read);
    }
}
