using Attune.Data;
using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Policies;

/// <summary>
/// B responses of at most T tokens with their prompts, one row each: sampled or from data.
/// </summary>
/// <param name="Prompts">B; a prompt with several responses is repeated.</param>
/// <param name="Tokens">B rows of token ids.</param>
/// <param name="Mask">(B, T) bool, true at the tokens of a response, false at padding and at replies between turns.</param>
public record Responses(IReadOnlyList<TokenPrompt> Prompts, IReadOnlyList<int[]> Tokens, Tensor Mask)
{
    /// <summary>Activations of the frozen layers for prompts and responses, so that these layers do not run again; null for none.</summary>
    public FrozenActivations? FrozenActivations { get; init; }

    public int Count => Tokens.Count;

    /// <summary>Tokens of each prompt and its response together: B numbers.</summary>
    public IReadOnlyList<int> TextLengths { get; } = [.. Prompts.Zip(Tokens, (prompt, response) => prompt.Tokens.Length + response.Length)];

    /// <summary>Tokens of all responses, without padding and replies.</summary>
    public int TokenCount => Learned().Count();

    /// <summary>Whether a token was written by the policy, so that it is learned from; replies to its turns were not.</summary>
    public virtual bool IsLearned(int row, int at) => true;

    /// <summary>(N) int64: the tokens of all responses, without padding and replies.</summary>
    public Tensor FlatTokens => TensorBatch.Longs([.. Learned().Select(cell => (long)Tokens[cell.Row][cell.At])], Mask.Device);

    /// <summary>(N) int64: the indices of these tokens in the flattened (B · T).</summary>
    public Tensor TokenIndices
    {
        get
        {
            var length = Mask.Size(1);
            return TensorBatch.Longs([.. Learned().Select(cell => cell.Row * length + cell.At)], Mask.Device);
        }
    }

    IEnumerable<(int Row, int At)> Learned() =>
        from row in Enumerable.Range(0, Count)
        from at in Enumerable.Range(0, Tokens[row].Length)
        where IsLearned(row, at)
        select (row, at);

    /// <summary>Pads B responses on the right and masks the padding.</summary>
    public static Responses From(IReadOnlyList<TokenPrompt> prompts, IReadOnlyList<int[]> tokens, Device device) =>
        new(prompts, tokens, MaskOf(tokens, (_, _) => true, device));

    /// <summary>These rows, as wide as the longest of them.</summary>
    public virtual Responses Select(int[] rows)
    {
        var selection = new RowSelection(this, rows);
        return new(selection.Pick(Prompts), selection.Tokens, selection.Pick(Mask))
        {
            FrozenActivations = FrozenActivations?.Select(selection, rows.Max(row => TextLengths[row])),
        };
    }

    /// <summary>B rows of numbers → (B, T), 0 at padding.</summary>
    internal static Tensor Padded(IEnumerable<float[]> rows, Tensor mask)
    {
        var (count, length) = ((int)mask.Size(0), (int)mask.Size(1));
        var numbers = new float[count * length];
        foreach (var (row, values) in rows.Index())
            values.CopyTo(numbers, row * length);
        return Tensor.From(numbers, count, length).To(mask.Device);
    }

    /// <summary>(B, T) bool</summary>
    protected static Tensor MaskOf(IReadOnlyList<int[]> tokens, Func<int, int, bool> isLearned, Device device)
    {
        var length = tokens.Max(response => response.Length);
        var mask = new bool[tokens.Count * length];
        for (var row = 0; row < tokens.Count; row++)
            for (var at = 0; at < tokens[row].Length; at++)
                mask[row * length + at] = isLearned(row, at);
        return Tensor.From(mask, tokens.Count, length).To(device);
    }
}

/// <summary>Picks some rows of responses, from lists and from tensors (B, T).</summary>
sealed class RowSelection
{
    readonly int[] rows;
    readonly Tensor index;
    readonly int length;

    public RowSelection(Responses responses, int[] rows)
    {
        this.rows = rows;
        index = TensorBatch.Longs(Array.ConvertAll(rows, row => (long)row), responses.Mask.Device);
        Tokens = Pick(responses.Tokens);
        length = Tokens.Max(response => response.Length);
    }

    public IReadOnlyList<int[]> Tokens { get; }

    public T[] Pick<T>(IReadOnlyList<T> list) => Array.ConvertAll(rows, row => list[row]);

    /// <summary>(B, T) → (rows, longest of them)</summary>
    public Tensor Pick(Tensor tensor) => Pick(tensor, length);

    /// <summary>(B, W, …) → (rows, columns, …)</summary>
    public Tensor Pick(Tensor tensor, int columns) => tensor.IndexSelect(0, index).Slice(1, 0, columns);
}

/// <summary>Hidden states of prompts and responses at the top of the frozen layers, as trlX's hydra models keep them.</summary>
/// <param name="Layer">The first layer that is not frozen, counted from 0.</param>
/// <param name="Hidden">(B, W, D), W the longest text; 0 after the end of a text.</param>
public sealed record FrozenActivations(int Layer, Tensor Hidden)
{
    internal FrozenActivations Select(RowSelection selection, int columns) => this with { Hidden = selection.Pick(Hidden, columns) };
}
