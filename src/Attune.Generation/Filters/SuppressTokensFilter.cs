using Attune.Torch;

namespace Attune.Generation;

/// <summary>Never draws these tokens, or not as the token number <paramref name="at"/> of the answer, counted from 0.</summary>
public sealed class SuppressTokensFilter(IReadOnlyList<int> tokens, int? at = null) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        TokenCells.FromTokens(context.Rows, row => at is null || row.ResponseLength == at ? tokens : [], double.NegativeInfinity).Replace(logits);
}
