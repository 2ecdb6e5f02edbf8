using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Training.Policies;

/// <summary>
/// Log-probabilities of responses under the reference. With <see cref="ReferenceKind.Precomputed"/> they are computed once, before
/// training, and saved in the run folder, so that further epochs and a resumed run use the same numbers.
/// </summary>
/// <param name="reference">The reference.</param>
public sealed class ReferenceLogprobs(Reference reference)
{
    const int RowsAtOnce = 4;

    readonly Dictionary<UInt128, float[]> precomputed = [];

    /// <summary>Computes the log-probabilities of responses that are not known yet, if the reference is precomputed.</summary>
    public void Prepare(IEnumerable<Responses> batches)
    {
        if (!reference.IsPrecomputed)
            return;
        foreach (var (text, logprobs) in reference.Saved?.Read() ?? [])
            precomputed[text] = logprobs;
        var known = precomputed.Count;
        var ranks = Ranks.Current;
        foreach (var share in Ranks.Gather(() => ComputeShare(batches, ranks)))
            foreach (var (text, logprobs) in share)
                precomputed[text] = logprobs;
        if (precomputed.Count > known)
            reference.Saved?.Write(precomputed);
    }

    /// <summary>(B) nats: the log-probabilities of whole responses, without a gradient.</summary>
    public Tensor Of(Responses responses) => PerToken(responses).Sum(1);

    /// <summary>(B, T) nats: the log-probability of each token, 0 at padding, without a gradient.</summary>
    public Tensor PerToken(Responses responses)
    {
        if (reference.IsPrecomputed && Texts(responses).All(precomputed.ContainsKey))
            return Responses.Padded(Texts(responses).Select(text => precomputed[text]), responses.Mask);
        using var lease = reference.Use();
        return Compute(lease.Policy, responses);
    }

    /// <summary>The log-probabilities of unknown responses of every n-th batch of n ranks.</summary>
    Dictionary<UInt128, float[]> ComputeShare(IEnumerable<Responses> batches, IRanks ranks)
    {
        var computed = new Dictionary<UInt128, float[]>();
        using var remaining = batches.GetEnumerator();
        for (var at = 0; ; at++)
        {
            using var scope = TensorScope.Open();                              // responses have a tensor too
            if (!remaining.MoveNext())
                return computed;
            if (at % ranks.Count == ranks.Rank)
                foreach (var rows in Unknown(remaining.Current, computed).Chunk(RowsAtOnce))
                    Add(remaining.Current.Select(rows), computed);
        }
    }

    IEnumerable<int> Unknown(Responses responses, Dictionary<UInt128, float[]> computed) =>
        Texts(responses).Index().Where(text => !precomputed.ContainsKey(text.Item) && !computed.ContainsKey(text.Item))
            .Select(text => text.Index);

    void Add(Responses responses, Dictionary<UInt128, float[]> computed)
    {
        using var scope = TensorScope.Open();
        var logprobs = Compute(reference.BeforeTraining, responses);
        foreach (var (row, text) in Texts(responses).Index())
            computed[text] = logprobs.Select(0, row).Slice(0, 0, responses.Tokens[row].Length).ToArray<float>();
    }

    static Tensor Compute(Policy policy, Responses responses)
    {
        using var noGrad = Autograd.NoGrad();
        return policy.Logprobs(responses).MaskedFill(!responses.Mask, 0);
    }

    static IEnumerable<UInt128> Texts(Responses responses) =>
        responses.Prompts.Zip(responses.Tokens, (prompt, response) => HashOf(prompt.Tokens, response));

    /// <summary>Half of the SHA-256 of a prompt and its response.</summary>
    static UInt128 HashOf(int[] prompt, int[] response)
    {
        int[] text = [prompt.Length, .. prompt, .. response];
        return MemoryMarshal.Read<UInt128>(SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan())));
    }
}
