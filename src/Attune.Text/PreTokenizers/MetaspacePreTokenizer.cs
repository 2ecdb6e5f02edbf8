namespace Attune.Text;

/// <summary>Replaces spaces by a visible character, prepends one to pieces by the scheme, and starts a word at each.</summary>
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
