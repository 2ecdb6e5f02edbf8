namespace Attune.Generation;

/// <summary>A sequence of tokens that is made likelier or less likely.</summary>
public sealed record SequenceBias
{
    /// <summary>The sequence as a text, with the space in front that it has in the middle of a sentence; or name its tokens.</summary>
    public string Text { get; init; } = "";

    /// <summary>The sequence in token ids.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Is added to the logit of the last token of the sequence after the others; below 0 makes it less likely.</summary>
    public double Bias { get; init; }

    internal IEnumerable<string> Problems()
    {
        if (Text.Length > 0 == Tokens.Count > 0)
            yield return "text, tokens: one of both was expected";
        if (Bias is not (>= -1e6 and <= 1e6))
            yield return $"bias: a number from -1000000 to 1000000 was expected, found {Bias}";
    }
}
