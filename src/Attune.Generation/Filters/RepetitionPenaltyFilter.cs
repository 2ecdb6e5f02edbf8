using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Makes tokens of the row less likely: divides positive logits by the penalty and multiplies negative ones by it. Keskar et al. 2019,
/// https://arxiv.org/abs/1909.05858
/// </summary>
public sealed class RepetitionPenaltyFilter(double penalty, TokenSpan span = TokenSpan.All) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        TokenCells.FromTokens(context.Rows, row => row.Part(span)).Change(logits, (values, _) => Penalize(values));

    Tensor Penalize(Tensor values) => Tensor.Where(values < 0, values * penalty, values / penalty);
}
