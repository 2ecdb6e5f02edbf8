namespace Attune.Text;

/// <summary>Replaces every match by a text, with the offsets of the last character that it replaces.</summary>
sealed class ReplaceNormalizer(IPattern pattern, string content) : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite(Rewrite);

    void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
    {
        var stretches = new List<Stretch>();
        pattern.Divide(piece, stretches);
        foreach (var (start, end, isMatch) in stretches)
        {
            if (isMatch)
                output.Append(content, end - 1);
            else
                output.Copy(piece[start..end], start);
        }
    }
}
