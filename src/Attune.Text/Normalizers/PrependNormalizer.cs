namespace Attune.Text;

/// <summary>Puts a text before every piece; it counts as coming from the piece's first character.</summary>
sealed class PrependNormalizer(string prefix) : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite((piece, output) =>
    {
        output.Append(prefix, 0);
        output.Copy(piece);
    });
}
