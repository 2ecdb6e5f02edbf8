namespace Attune.Text;

/// <summary>Writes spaces as a visible character, puts one before pieces as asked, and lets each begin a word.</summary>
sealed class MetaspacePreTokenizer(Metaspace settings) : IPreTokenizer
{
    readonly SplitPreTokenizer? words =
        settings.Split ? new(new LiteralPattern(settings.Replacement), SplitBehavior.MergedWithNext, invert: false) : null;

    public bool NeedsAlignment => settings.Scheme == PrependScheme.First;

    public void Apply(Draft draft)
    {
        draft.Rewrite(Rewrite);
        words?.Apply(draft);
    }

    void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
    {
        if (settings.Scheme == PrependScheme.Always || (settings.Scheme == PrependScheme.First && output.IsFirst))
        {
            if (piece[0] != ' ' && !piece.StartsWith(settings.Replacement))
                output.Append(settings.Replacement, 0);
        }
        for (var at = 0; at < piece.Length; at++)
        {
            if (piece[at] == ' ')
                output.Append(settings.Replacement, at);
            else
                output.Append(piece[at], at);
        }
    }
}
