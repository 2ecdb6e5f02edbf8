using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Allows only the tokens that a function of the row returns, as for a grammar or a list of responses. The function is also called for
/// rows that have ended while others of the batch have not. De Cao et al. 2020, https://arxiv.org/abs/2010.00904
/// </summary>
public sealed class AllowedTokensFilter(Func<TokenHistory, IReadOnlyCollection<int>> allowed) : ILogitsFilter
{
    /// <exception cref="InvalidOperationException">The function allows no token for a row.</exception>
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        logits + TokenCells.FromTokens(context.Rows, Allowed).Replace(logits.ZerosLike() + double.NegativeInfinity);

    IReadOnlyCollection<int> Allowed(TokenHistory row) => allowed(row) is { Count: > 0 } tokens
        ? tokens
        : throw new InvalidOperationException($"no token is allowed after [{string.Join(", ", row.Text)}]");
}
