namespace Attune.Testing;

/// <summary>
/// How far a number may be from its reference: |actual − expected| ≤ Absolute + Relative · |expected|. The tolerances of golden files are
/// those that the makers of the files suggest; one that is derived says how.
/// </summary>
public readonly record struct Tolerance(double Absolute, double Relative)
{
    /// <summary>Losses, gradients and statistics of losses/, and scores of generation/.</summary>
    public static Tolerance Loss => new(1e-5, 1e-4);

    /// <summary>Logits and hidden states of models/ and lora/.</summary>
    public static Tolerance Logits => new(1e-4, 1e-4);

    /// <summary>Mean losses of models/ and lora/.</summary>
    public static Tolerance ModelLoss => new(1e-5, 1e-5);

    /// <summary>Filtered logits of generation/, and parameters and states of optim/, after a few operations in float32.</summary>
    public static Tolerance FewOperations => new(1e-6, 1e-5);

    /// <summary>Numbers that both sides compute in float64.</summary>
    public static Tolerance Float64 => new(1e-15, 1e-9);

    /// <summary>
    /// Losses, norms and rates of training/: a thousandth, because Adam's first steps amplify the noise of small gradients.
    /// </summary>
    public static Tolerance Trace => new(0, 1e-3);

    /// <summary>Elements of a gradient of models/, or of weights of training/: a thousandth of the tensor's root mean square.</summary>
    /// <param name="norm">The L2 norm of the tensor.</param>
    /// <param name="count">Its elements.</param>
    public static Tolerance OfTensor(double norm, int count) => new(1e-6 + 1e-3 * norm / Math.Sqrt(count), 1e-3);

    /// <summary>
    /// Rounding of a reduction of <paramref name="length"/> terms: √length · u, the probabilistic bound of Higham and Mary 2019,
    /// https://doi.org/10.1137/18M1226312, relative to the largest result. u is half of the type's epsilon.
    /// </summary>
    /// <param name="epsilon">The type's epsilon: 2⁻⁷ for bfloat16, 2⁻¹⁰ for float16.</param>
    /// <param name="length">The length of the reduction.</param>
    /// <param name="largest">The largest result, in absolute value.</param>
    public static Tolerance OfRounding(double epsilon, long length, double largest) => new(Math.Sqrt(length) * epsilon / 2 * largest, 0);

    /// <summary>The largest difference from an expected value.</summary>
    public double Of(double expected) => Absolute + Relative * (double.IsFinite(expected) ? Math.Abs(expected) : 0);
}
