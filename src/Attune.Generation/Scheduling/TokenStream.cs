using System.Threading.Channels;

namespace Attune.Generation.Scheduling;

/// <summary>
/// A response while it is generated. It ends after an end-of-sequence token, or with the maximum length. Dispose of it to cancel it: its
/// row leaves the batch after the current token.
/// </summary>
public sealed class TokenStream : IDisposable
{
    readonly Channel<SampledToken> tokens = Channel.CreateUnbounded<SampledToken>(new() { SingleReader = true, SingleWriter = true });
    readonly int room;
    readonly RowDraws.Row draws;
    volatile bool hasEnded;
    int count;

    internal TokenStream(TokenRequest request, TokenHistory history, int room, IReadOnlyList<int> eosIds, int sample)
    {
        (Request, History, this.room, EosIds) = (request, history, room, request.EosIds ?? eosIds);
        MaxLength = history.Text.Count + room;
        Group = new(request, EosIds);
        draws = new(RowDraws.SeedOf(request.Seed, sample));
    }

    /// <summary>The tokens. Reading fails with the exception that ended the response, if one did.</summary>
    public ChannelReader<SampledToken> Tokens => tokens.Reader;

    /// <summary>How many tokens of the prompt were taken from another row, and not read again.</summary>
    public int SharedTokens { get; internal set; }

    /// <summary>The tokens that end the response.</summary>
    public IReadOnlyList<int> EosIds { get; }

    /// <summary>The version of the weights that respond; null before the response begins.</summary>
    public string? WeightVersion { get; internal set; }

    internal TokenRequest Request { get; }

    internal SamplingGroup Group { get; }

    internal TokenHistory History { get; }

    /// <summary>How many more tokens the response can have.</summary>
    internal int Remaining => room - count;

    /// <summary>The most tokens that the row can have, prompt and response.</summary>
    internal int MaxLength { get; }

    /// <summary>Whether no more tokens are needed.</summary>
    internal bool HasEnded => hasEnded;

    /// <summary>Cancels the response, unless it has ended.</summary>
    public void Dispose()
    {
        hasEnded = true;
        _ = tokens.Writer.TryComplete(new OperationCanceledException());
    }

    /// <summary>The next number of the response's own random stream.</summary>
    internal double NextUniform()
    {
        var next = draws.Number(0);
        draws.Skip(1);
        return next;
    }

    internal void Add(SampledToken token)
    {
        History.Add(token.Id);
        _ = tokens.Writer.TryWrite(token);
        if (++count < room && !EosIds.Contains(token.Id))
            return;
        hasEnded = true;
        _ = tokens.Writer.TryComplete();
    }

    internal void Fail(Exception error)
    {
        hasEnded = true;
        _ = tokens.Writer.TryComplete(error);
    }
}
