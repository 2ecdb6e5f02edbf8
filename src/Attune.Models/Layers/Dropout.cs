using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// While a random source is set, sets elements to 0 with a probability p and multiplies the others by 1 / (1 − p); otherwise has no
/// effect. Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
/// </summary>
public sealed class Dropout(double probability) : Module
{
    internal RandomSource? Random { get; set; }

    internal double Probability => probability;

    public Tensor Forward(Tensor x)
    {
        if (Random is null || probability == 0)
            return x;
        var kept = Tensor.Empty(x.Shape.ToArray(), x.DType, x.Device).BernoulliInPlace(1 - probability, Random);
        return x * kept.MultiplyInPlace(1 / (1 - probability));
    }
}
