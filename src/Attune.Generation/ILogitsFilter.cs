using Attune.Torch;

namespace Attune.Generation;

/// <summary>Changes the logits of the next token before one is drawn.</summary>
public interface ILogitsFilter
{
    /// <summary>(B, V) → (B, V); a token with −∞ is never drawn.</summary>
    /// <param name="logits">(B, V) float32.</param>
    /// <param name="rows">What the B rows hold so far.</param>
    Tensor Apply(Tensor logits, IReadOnlyList<TokenHistory> rows);
}
