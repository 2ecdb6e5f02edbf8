using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Lowers the logit of a token in the response by <paramref name="frequency"/> for each occurrence, and once by
/// <paramref name="presence"/>.
/// </summary>
public sealed class FrequencyPenaltyFilter(double frequency, double presence) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var cells = new TokenCells();
        for (var row = 0; row < context.Rows.Count; row++)
            foreach (var (token, count) in context.Rows[row].Response.CountBy(token => token))
                cells.Add(row, token, frequency * count + presence);
        return cells.Change(logits, (values, amounts) => values - amounts);
    }
}
