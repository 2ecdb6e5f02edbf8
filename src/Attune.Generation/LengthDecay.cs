namespace Attune.Generation;

/// <summary>How the end of an answer becomes likelier with its length.</summary>
public sealed record LengthDecay
{
    /// <summary>The tokens of an answer before its end becomes likelier.</summary>
    public int Start { get; init; }

    /// <summary>The logit z of an end-of-text token becomes z + |z| (factor^(t − start) − 1) after t tokens; 1 is off.</summary>
    public double Factor { get; init; } = 1;

    internal IEnumerable<string> Problems()
    {
        if (Start < 0)
            yield return $"start: a number of at least 0 was expected, found {Start}";
        if (Factor is not (>= 0.1 and <= 10))
            yield return $"factor: a number from 0.1 to 10 was expected, found {Factor}";
    }
}
