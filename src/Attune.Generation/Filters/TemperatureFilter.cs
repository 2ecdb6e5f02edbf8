using Attune.Torch;

namespace Attune.Generation;

/// <summary>Divides the logits by a temperature above 0.</summary>
public sealed class TemperatureFilter(double temperature) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) => logits * (1 / temperature);
}
