namespace Attune.Text;

/// <summary>The side of a text that is truncated or padded.</summary>
public enum Side
{
    Right,
    Left,
}
