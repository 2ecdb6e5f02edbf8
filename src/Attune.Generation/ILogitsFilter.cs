using Attune.Torch;

namespace Attune.Generation;

/// <summary>What stands before the tokens that logits (B, V) are for.</summary>
/// <param name="Rows">The prompt and the tokens so far of each of the B rows.</param>
/// <param name="HiddenStates">(B, D): the last hidden states that the logits were computed from; null where nobody has them.</param>
public sealed record LogitsContext(IReadOnlyList<TokenHistory> Rows, Tensor? HiddenStates = null);

/// <summary>Changes the logits of the next token before one is chosen.</summary>
public interface ILogitsFilter
{
    /// <summary>(B, V) → (B, V); a token with −∞ is never drawn.</summary>
    /// <param name="logits">(B, V) float32.</param>
    /// <param name="context">What the B rows hold so far.</param>
    Tensor Apply(Tensor logits, LogitsContext context);

    /// <summary>
    /// Begins a batch of generation. A filter that keeps something for each row, such as another model's cache, returns an instance for
    /// this batch, which is disposed at the end of the batch if it is <see cref="IDisposable"/>. When given responses are evaluated again
    /// there is no batch: <see cref="Apply"/> alone is called, once, with every position of every response as a row.
    /// </summary>
    /// <param name="rows">What the rows hold: prompts, without an answer yet.</param>
    ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows) => this;

    /// <summary>The rows of the batch were reordered, repeated or dropped: row i from now on is what row <c>rows[i]</c> was.</summary>
    void Select(long[] rows)
    {
    }
}
