namespace Attune.Text;

/// <summary>Prepends a text to every piece, with the offsets of the piece's first character.</summary>
sealed class PrependNormalizer(string prefix) : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite((piece, output) =>
    {
        output.Append(prefix, 0);
        output.Copy(piece);
    });
}
