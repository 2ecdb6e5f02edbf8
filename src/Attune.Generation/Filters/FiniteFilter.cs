using Attune.Torch;

namespace Attune.Generation;

/// <summary>Replaces NaN by 0 and ±∞ by the largest and smallest numbers, for models that overflow.</summary>
public sealed class FiniteFilter : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) => logits.NanToNum();
}
