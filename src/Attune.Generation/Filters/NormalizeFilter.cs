using Attune.Torch;

namespace Attune.Generation;

/// <summary>Turns logits into log-probabilities.</summary>
public sealed class NormalizeFilter : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) => logits.LogSoftmax(-1);
}
