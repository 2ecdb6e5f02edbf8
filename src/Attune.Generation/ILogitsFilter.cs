using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>What precedes the tokens that logits (B, V) are for.</summary>
/// <param name="Rows">The prompt and the tokens so far of each of the B rows.</param>
/// <param name="HiddenStates">(B, D): the hidden states from which the logits were computed; null where they are not available.</param>
public sealed record LogitsContext(IReadOnlyList<TokenHistory> Rows, Tensor? HiddenStates = null)
{
    /// <summary>
    /// (B, V) logits of another model after the same tokens, without a gradient; null in generation, where a filter reads them token by
    /// token.
    /// </summary>
    public Func<LanguageModel, Tensor>? LogitsOf { get; init; }
}

/// <summary>Changes the logits of the next token before it is chosen, like the logits processors and warpers of transformers.</summary>
public interface ILogitsFilter
{
    /// <summary>(B, V) → (B, V); −∞ forbids a token.</summary>
    /// <param name="logits">(B, V) float32.</param>
    /// <param name="context">What precedes the tokens in the B rows.</param>
    Tensor Apply(Tensor logits, LogitsContext context);

    /// <summary>
    /// Begins a batch of generation. A filter with state for each row, such as another model's cache, returns an instance for this
    /// batch, which is disposed at its end if it is <see cref="IDisposable"/>. There is no batch when given responses are evaluated:
    /// then only <see cref="Apply"/> is called, once, with every position of every response as a row.
    /// </summary>
    /// <param name="rows">The prompts, with empty responses.</param>
    ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows) => this;

    /// <summary>The rows of the batch were reordered, repeated or dropped: the new row i is the old row <c>rows[i]</c>.</summary>
    void Select(long[] rows)
    {
    }
}
