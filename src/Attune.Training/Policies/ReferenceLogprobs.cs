using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>
/// Log-probabilities of whole responses under the reference. Where the reference does not stay in memory they are computed once, before
/// training, and kept instead.
/// </summary>
/// <param name="reference">The reference.</param>
public sealed class ReferenceLogprobs(Reference reference)
{
    readonly Dictionary<int[], float> precomputed = new(new TokenSequenceComparer());

    /// <summary>Computes the log-probabilities of responses in advance, unless the reference stays in memory.</summary>
    public void Prepare(IEnumerable<Responses> batches)
    {
        if (reference.IsKept)
            return;
        using var lease = reference.Use();
        foreach (var responses in batches)
        {
            using var scope = TensorScope.Open();
            foreach (var (text, logprob) in Texts(responses).Zip(Compute(lease.Policy, responses).ToArray<float>()))
                precomputed[text] = logprob;
        }
    }

    /// <summary>(B) nats, without a gradient.</summary>
    public Tensor Of(Responses responses)
    {
        if (!reference.IsKept)
            return Tensor.From([.. Texts(responses).Select(text => precomputed[text])], responses.Count).To(responses.Mask.Device);
        using var lease = reference.Use();
        return Compute(lease.Policy, responses);
    }

    static Tensor Compute(Policy policy, Responses responses)
    {
        using var noGrad = Autograd.NoGrad();
        return policy.SequenceLogprobs(responses);
    }

    /// <summary>Each prompt with its response.</summary>
    static IEnumerable<int[]> Texts(Responses responses) =>
        responses.Prompts.Zip(responses.Tokens, (prompt, response) => (int[])[.. prompt.Tokens, .. response]);
}

/// <summary>Compares sequences by their tokens.</summary>
public sealed class TokenSequenceComparer : IEqualityComparer<int[]>
{
    public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(int[] tokens)
    {
        var hash = new HashCode();
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tokens.AsSpan()));
        return hash.ToHashCode();
    }
}
