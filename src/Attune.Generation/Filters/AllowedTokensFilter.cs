using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Draws only tokens that a function of the row allows, as a grammar or a list of answers does. The function is also asked about answers
/// that have ended, beside others that have not. De Cao et al. 2020, https://arxiv.org/abs/2010.00904
/// </summary>
public sealed class AllowedTokensFilter(Func<TokenHistory, IReadOnlyCollection<int>> allowed) : ILogitsFilter
{
    /// <exception cref="InvalidOperationException">Nothing is allowed to a row.</exception>
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        logits + TokenCells.FromTokens(context.Rows, Allowed).Replace(logits.ZerosLike() + double.NegativeInfinity);

    IReadOnlyCollection<int> Allowed(TokenHistory row) => allowed(row) is { Count: > 0 } tokens
        ? tokens
        : throw new InvalidOperationException($"no token is allowed after [{string.Join(", ", row.Text)}]");
}
