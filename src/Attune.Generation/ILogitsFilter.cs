using Attune.Torch;

namespace Attune.Generation;

/// <summary>Changes the logits of the next token before one is drawn.</summary>
public interface ILogitsFilter
{
    /// <summary>(B, V) → (B, V); a token with −∞ is never drawn.</summary>
    Tensor Apply(Tensor logits);
}
