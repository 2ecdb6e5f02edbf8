using Attune.Torch;

namespace Attune.Generation;

/// <summary>Forbids end-of-sequence tokens until the response has this many tokens.</summary>
public sealed class MinNewTokensFilter(int count, IReadOnlyList<int> eosIds) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        TokenCells.FromTokens(context.Rows, row => row.ResponseLength < count ? eosIds : [], double.NegativeInfinity).Replace(logits);
}
