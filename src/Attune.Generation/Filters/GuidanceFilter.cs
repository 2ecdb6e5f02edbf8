using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Classifier-free guidance: logits u without a condition and c with it become u + scale (c − u). The logits are those of 2B rows, c
/// before u; the result has B. Copet et al. 2023, https://arxiv.org/abs/2306.05284
/// </summary>
public sealed class GuidanceFilter(double scale) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var half = logits.Size(0) / 2;
        var without = logits.Slice(0, half);
        return without + (logits.Slice(0, 0, half) - without) * scale;
    }
}
