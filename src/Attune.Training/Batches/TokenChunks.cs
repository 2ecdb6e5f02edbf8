using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>
/// Sums a loss over tokens whose terms need logits of the whole vocabulary. The logits and their gradients are in memory for one chunk of
/// tokens at a time: the gradient of each chunk with respect to its hidden states, and to the output matrix, is computed at once.
/// </summary>
/// <param name="trained">The trained parameters.</param>
sealed class TokenChunks(IReadOnlyList<Parameter> trained)
{
    /// <summary>The most logits of a chunk: 16 MiB in float32; a loss has some twenty tensors of that size in memory.</summary>
    public long Elements { get; init; } = 1 << 22;

    /// <summary>
    /// The fewest tokens of a chunk. Each chunk has a gradient of the whole output matrix, if that is trained: with as many tokens as a
    /// hidden state has channels the logits are as large.
    /// </summary>
    public long LeastTokens { get; init; } = 1;

    /// <summary>The sum of N losses, with a gradient, and further numbers of each token, without one.</summary>
    /// <param name="hidden">(N, D) hidden states.</param>
    /// <param name="vocabulary">V</param>
    /// <param name="compute">(n, D) hidden states of the tokens from one index to another → (n) losses, and further (n).</param>
    public (Tensor Sum, Tensor[] Values) Sum(Tensor hidden, long vocabulary, Func<Tensor, long, long, Tensor[]> compute)
    {
        var (count, size) = (hidden.Size(0), Math.Max(LeastTokens, Elements / vocabulary));
        if (count <= size)
            return Whole(hidden, compute);
        var gradients = new Gradients(hidden, trained);
        var chunks = new List<Tensor[]>();
        for (var from = 0L; from < count; from += size)
            chunks.Add(Chunk(from, Math.Min(from + size, count)));
        var joined = Enumerable.Range(0, chunks[0].Length).Select(at => Tensor.Concatenate(0, [.. chunks.Select(chunk => chunk[at])]));
        Tensor[] values = [.. joined];
        return (gradients.AddTo(values[0].Sum()), values[1..]);

        Tensor[] Chunk(long from, long to)
        {
            using var scope = TensorScope.Open();
            var part = hidden.Slice(0, from, to).Detach();
            part.RequiresGrad = hidden.RequiresGrad;
            var results = compute(part, from, to);
            gradients.Add(results[0].Sum(), part, scope);
            return [.. results.Select(values => scope.MoveToOuterScope(values.Detach()))];
        }
    }

    /// <summary>A single chunk, whose logits are freed as soon as the backward pass has used them.</summary>
    static (Tensor Sum, Tensor[] Values) Whole(Tensor hidden, Func<Tensor, long, long, Tensor[]> compute)
    {
        using var scope = TensorScope.Open();
        var results = compute(hidden, 0, hidden.Size(0));
        return (scope.MoveToOuterScope(results[0].Sum()), [.. results[1..].Select(values => scope.MoveToOuterScope(values.Detach()))]);
    }

    /// <summary>The gradients of the sum with respect to the hidden states (N, D) and to the parameters of the output head.</summary>
    sealed class Gradients(Tensor hidden, IReadOnlyList<Parameter> trained)
    {
        readonly List<Tensor> ofHidden = [];
        readonly Tensor?[] ofTrained = new Tensor?[trained.Count];

        public void Add(Tensor sum, Tensor part, TensorScope scope)
        {
            if (!sum.RequiresGrad)
                return;
            Tensor[] leaves = [.. trained.Select(parameter => parameter.Value), .. part.RequiresGrad ? [part] : Array.Empty<Tensor>()];
            var gradients = sum.GradientsOf(leaves);
            if (part.RequiresGrad)
                ofHidden.Add(scope.MoveToOuterScope(gradients[^1]!));
            for (var i = 0; i < trained.Count; i++)
                if (ofTrained[i] is { } total && gradients[i] is { } more)
                    total.AddInPlace(more);
                else if (gradients[i] is { } first)
                    ofTrained[i] = scope.MoveToOuterScope(first);
        }

        /// <summary>The sum with these gradients: plus 0, as the products of the gradients with what they are of, minus the same.</summary>
        public Tensor AddTo(Tensor sum)
        {
            Tensor[] products = [.. Products()];
            if (products.Length == 0)
                return sum;
            var linear = products.Aggregate((a, b) => a + b);
            return sum + (linear - linear.Detach());
        }

        IEnumerable<Tensor> Products()
        {
            if (ofHidden.Count > 0)
                yield return (hidden * Tensor.Concatenate(0, [.. ofHidden])).Sum();
            foreach (var (parameter, gradient) in trained.Zip(ofTrained))
                if (gradient is not null)
                    yield return parameter.Value.Reshape(1, -1).MatMul(gradient.Reshape(-1, 1)).Sum();
        }
    }
}
