using Attune.Generation;
using Attune.Text;

namespace Attune.Training.Policies;

/// <summary>Finds the stop strings of responses, and removes them from their texts.</summary>
public static class StopStrings
{
    /// <summary>Returns a function that finds the stop string that a response ends with; null without stop strings.</summary>
    public static Func<TokenHistory, string?>? Finder(Tokenizer tokenizer, IReadOnlyList<string> stops)
    {
        if (stops.Count == 0)
            return null;
        var reach = stops.Max(System.Text.Encoding.UTF8.GetByteCount) + 1;               // a token is at least a byte
        return history =>
        {
            var end = tokenizer.Decode([.. history.Response.TakeLast(reach)], skipSpecialTokens: true);
            return stops.Where(stop => end.Contains(stop, StringComparison.Ordinal))
                .MinBy(stop => end.IndexOf(stop, StringComparison.Ordinal));
        };
    }

    /// <summary>
    /// The text of a response, without special tokens and without the stop string that ended it; of an episode, that of its last turn.
    /// </summary>
    public static string TextOf(this Tokenizer tokenizer, Response completion) =>
        completion.LastTurn ?? Cut(tokenizer.Decode(completion.Tokens, skipSpecialTokens: true), completion);

    /// <summary>A text up to the stop string that ended it.</summary>
    public static string Cut(string text, Response completion) =>
        completion.StopString is { } stop && text.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var at ? text[..at] : text;
}
