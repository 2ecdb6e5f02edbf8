namespace Attune.Text;

/// <summary>Removes the white space at the ends of every piece.</summary>
sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite((piece, output) =>
    {
        var start = left ? piece.Length - piece.TrimStart().Length : 0;
        var kept = right ? piece[start..].TrimEnd() : piece[start..];
        output.Copy(kept, start);
    });
}
