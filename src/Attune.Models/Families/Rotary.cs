using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// Rotary position embedding. Su et al. 2021, eq. 34. https://arxiv.org/abs/2104.09864. Channels i and i + D/2 form a pair, as in
/// Hugging Face checkpoints.
/// </summary>
public static class Rotary
{
    /// <summary>Cosines and sines (B, 1, T, D) of position times frequency, multiplied by the attention factor of the scaling.</summary>
    public static (Tensor Cos, Tensor Sin) Angles(Tensor positions, RotaryFrequencies frequencies, DType dtype)
    {
        var (perPosition, factor) = frequencies.For(positions);
        var inverse = Tensor.From(perPosition, perPosition.Length).To(positions.Device);
        var angles = positions.To(DType.Float32).Unsqueeze(-1) * inverse;                           // (B, T, D/2)
        var both = Tensor.Concatenate(-1, angles, angles).Unsqueeze(1);                             // (B, 1, T, D)
        var (cos, sin) = factor == 1 ? (both.Cos(), both.Sin()) : (both.Cos() * factor, both.Sin() * factor);
        return (cos.To(dtype), sin.To(dtype));
    }

    /// <summary>The angles from a column on.</summary>
    public static (Tensor Cos, Tensor Sin) From((Tensor Cos, Tensor Sin) angles, long first) =>
        (Attention.From(angles.Cos, 2, first), Attention.From(angles.Sin, 2, first));

    /// <summary>
    /// x cos + rotated(x) sin for x (B, H, T, D), where rotated((a, b)) = (−b, a). With angles for fewer channels, the other channels
    /// are unchanged.
    /// </summary>
    public static Tensor Rotate(Tensor x, (Tensor Cos, Tensor Sin) angles)
    {
        var (width, rotated) = (x.Size(-1), angles.Cos.Size(-1));
        if (rotated == width)
            return RotateAll(x, angles);
        var parts = x.Split(-1, rotated, width - rotated);
        return Tensor.Concatenate(-1, RotateAll(parts[0], angles), parts[1]);
    }

    static Tensor RotateAll(Tensor x, (Tensor Cos, Tensor Sin) angles)
    {
        var half = x.Size(-1) / 2;
        var parts = x.Split(-1, half, half);
        return x * angles.Cos.To(x.DType) + Tensor.Concatenate(-1, -parts[1], parts[0]) * angles.Sin.To(x.DType);
    }
}
