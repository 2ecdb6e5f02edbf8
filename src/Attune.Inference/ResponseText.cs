using System.Text;
using Attune.Text;
using Attune.Training.Environments;

namespace Attune;

/// <summary>The text of a response while its tokens are sampled.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="stops">Texts that end the response and are not part of it.</param>
/// <param name="format">How the model writes calls of tools; null where they are not read.</param>
/// <param name="keepsSpecialTokens">Whether special tokens are part of the text.</param>
sealed class ResponseText(
    Tokenizer tokenizer, IReadOnlyList<string> stops, ToolCallFormat? format = null, bool keepsSpecialTokens = false)
{
    readonly DecodeStream visible = tokenizer.NewDecodeStream(skipSpecialTokens: !keepsSpecialTokens);
    readonly DecodeStream? full = format is null ? null : tokenizer.NewDecodeStream();
    readonly StringBuilder markup = new();                         // with special tokens, where calls are read
    readonly string? marker = format switch
    {
        null or ToolCallFormat.Json => null,
        ToolCallFormat.Mistral => "[TOOL_CALLS]",
        ToolCallFormat.Phi => "<|tool_call|>",
        _ => "<tool_call>",
    };
    string pending = "";                                           // not yet returned
    bool hasReturned;
    bool isCall;                                                   // the rest is held back, as it may be calls

    /// <summary>The stop string that has occurred, if any: no more tokens are needed.</summary>
    public string? StoppedBy { get; private set; }

    /// <summary>The calls that were read, after <see cref="Finish"/>.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; private set; } = [];

    /// <summary>Adds a token, and returns the text that is certain now.</summary>
    public string Add(int token)
    {
        markup.Append(full?.Step(token));
        pending += visible.Step(token);
        return Release(isLast: false);
    }

    /// <summary>Ends the response, and returns the text that was held back.</summary>
    public string Finish()
    {
        if (StoppedBy is null)
        {
            markup.Append(full?.Finish());
            pending += visible.Finish();
        }
        var rest = Release(isLast: true);
        if (format is not { } written)
            return rest;
        ToolCalls = [.. Training.Environments.ToolCalls.Read(written, markup.ToString()).Where(call => call.Problem is null)];
        return ToolCalls.Count > 0 ? rest : rest + pending;
    }

    string Release(bool isLast)
    {
        if (FirstStop() is var (stop, at))
        {
            pending = pending[..at];
            (StoppedBy, isLast) = (stop, true);
        }
        isCall |= marker is null ? format is not null && BeginsAsJson() : markup.ToString().Contains(marker, StringComparison.Ordinal);
        var end = isCall ? StartOfCall() : isLast ? pending.Length : pending.Length - HeldBack();
        var released = pending[..end];
        pending = pending[end..];
        hasReturned |= released.Length > 0;
        return released;
    }

    /// <summary>Llama writes a call as the whole response.</summary>
    bool BeginsAsJson() => !hasReturned && pending.AsSpan().TrimStart().StartsWith('{')
        || markup.ToString().Contains("<|python_tag|>", StringComparison.Ordinal);

    int StartOfCall() => marker is not null && pending.IndexOf(marker, StringComparison.Ordinal) is >= 0 and var at ? at : 0;

    (string Text, int At)? FirstStop()
    {
        (string Text, int At)? first = null;
        foreach (var stop in stops)
            if (pending.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var at && !(at >= first?.At))
                first = (stop, at);
        return first;
    }

    /// <summary>The length of the longest end of the text with which a stop string or a marker begins.</summary>
    int HeldBack()
    {
        var longest = 0;
        foreach (var text in marker is null ? stops : stops.Append(marker))
            for (var length = Math.Min(text.Length - 1, pending.Length); length > longest; length--)
                if (pending.EndsWith(text[..length], StringComparison.Ordinal))
                    longest = length;
        return longest;
    }
}
