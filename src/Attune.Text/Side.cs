namespace Attune.Text;

/// <summary>The end of a text at which tokens are cut off, or padding is put.</summary>
public enum Side
{
    Right,
    Left,
}
