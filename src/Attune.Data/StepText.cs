namespace Attune.Data;

/// <summary>The steps of a response as text.</summary>
public static class StepText
{
    /// <summary>What ends a step where nothing else is given, as in TRL.</summary>
    public const string DefaultSeparator = "\n";

    /// <summary>
    /// The steps of a response without their separators, and where each ends in the response, its separator included. Steps of white space
    /// are left out; a response with no other text has one empty step.
    /// </summary>
    public static IReadOnlyList<(string Text, int End)> Split(string response, string separator)
    {
        var steps = new List<(string Text, int End)>();
        for (var start = 0; start < response.Length;)
        {
            var at = response.IndexOf(separator, start, StringComparison.Ordinal);
            var (stop, end) = at < 0 ? (response.Length, response.Length) : (at, at + separator.Length);
            if (!response.AsSpan(start..stop).IsWhiteSpace())
                steps.Add((response[start..stop], end));
            start = end;
        }
        return steps.Count > 0 ? steps : [("", response.Length)];
    }
}
