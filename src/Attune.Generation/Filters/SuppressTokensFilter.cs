using Attune.Torch;

namespace Attune.Generation;

/// <summary>Forbids these tokens everywhere, or only at a <paramref name="position"/> of the response, counted from 0.</summary>
public sealed class SuppressTokensFilter(IReadOnlyList<int> tokens, int? position = null) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        TokenCells.FromTokens(
            context.Rows, row => position is null || row.ResponseLength == position ? tokens : [], double.NegativeInfinity).Replace(logits);
}
