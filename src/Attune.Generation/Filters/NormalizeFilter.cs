using Attune.Torch;

namespace Attune.Generation;

/// <summary>Makes log-probabilities of logits.</summary>
public sealed class NormalizeFilter : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) => logits.LogSoftmax(-1);
}
