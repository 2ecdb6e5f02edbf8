using Attune.Torch;

namespace Attune.Generation;

/// <summary>0 for NaN and the greatest numbers for ±∞, where a model overflows.</summary>
public sealed class FiniteFilter : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) => logits.NanToNum();
}
