using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Makes the end of the response more likely with every token t after <paramref name="start"/>: the logit z of an end-of-sequence token
/// becomes z + |z| (factor^(t − start) − 1).
/// </summary>
public sealed class LengthDecayFilter(int start, double factor, IReadOnlyList<int> eosIds) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var cells = new TokenCells();
        for (var row = 0; row < context.Rows.Count; row++)
            if (context.Rows[row].ResponseLength > start)
                foreach (var token in eosIds)
                    cells.Add(row, token, Math.Pow(factor, context.Rows[row].ResponseLength - start) - 1);
        return cells.Change(logits, (values, amounts) => values + values.Abs() * amounts);
    }
}
