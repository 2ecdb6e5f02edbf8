using Attune.Data;
using Attune.Generation;
using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Policies;

/// <summary>What a policy answered: B responses of at most T tokens, one row each.</summary>
/// <param name="Prompts">B; a prompt with several answers comes several times.</param>
/// <param name="Completions">B, in tokens.</param>
/// <param name="Mask">(B, T) bool, true at real tokens of a response.</param>
/// <param name="Logprobs">(B, T) under the distribution they were sampled from; 0 where the mask is false.</param>
/// <param name="Values">(B, T): the critic's estimate before each token; 0 where the mask is false, or without a critic.</param>
public sealed record Rollouts(
    IReadOnlyList<TokenPrompt> Prompts, IReadOnlyList<Completion> Completions, Tensor Mask, Tensor Logprobs, Tensor Values)
{
    /// <summary>(B, T): log-probabilities of the same tokens under the reference; 0 where the mask is false.</summary>
    public Tensor? RefLogprobs { get; init; }

    /// <summary>(B, T): KL of the whole distribution from the reference's before each token, where it was asked for.</summary>
    public Tensor? FullKl { get; init; }

    /// <summary>What the layers that nothing trains made of prompts and responses, so that they need not be read again.</summary>
    public Trunk? Trunk { get; init; }

    public int Count => Completions.Count;

    /// <summary>Tokens of each prompt and its response together.</summary>
    public IReadOnlyList<int> TextLengths { get; } = [.. Prompts.Zip(Completions, (prompt, completion) => prompt.Tokens.Length + completion.Tokens.Length)];

    /// <summary>Real tokens of all responses.</summary>
    public int TokenCount => Completions.Sum(completion => completion.Tokens.Length);

    public static Rollouts From(IReadOnlyList<TokenPrompt> prompts, IReadOnlyList<Completion> completions, Device device)
    {
        var length = completions.Max(completion => completion.Tokens.Length);
        var mask = new bool[completions.Count * length];
        var logprobs = new float[mask.Length];
        var values = new float[mask.Length];
        for (var row = 0; row < completions.Count; row++)
        {
            Array.Fill(mask, true, row * length, completions[row].Tokens.Length);
            completions[row].Logprobs.CopyTo(logprobs, row * length);
            completions[row].Values.CopyTo(values, row * length);
        }
        return new(prompts, completions, ToTensor(mask), ToTensor(logprobs), ToTensor(values));

        Tensor ToTensor<T>(T[] numbers) where T : unmanaged => Tensor.From(numbers, completions.Count, length).To(device);
    }

    /// <summary>These rows, as wide as the longest of them.</summary>
    public Rollouts Select(int[] rows)
    {
        var index = TensorBatch.Longs(Array.ConvertAll(rows, row => (long)row), Mask.Device);
        Completion[] completions = [.. rows.Select(row => Completions[row])];
        var length = completions.Max(completion => completion.Tokens.Length);
        return new([.. rows.Select(row => Prompts[row])], completions, Take(Mask), Take(Logprobs), Take(Values))
        {
            RefLogprobs = RefLogprobs is null ? null : Take(RefLogprobs),
            FullKl = FullKl is null ? null : Take(FullKl),
            Trunk = Trunk is null ? null : Trunk with { Hidden = Trunk.Hidden.IndexSelect(0, index).Slice(1, 0, rows.Max(row => TextLengths[row])) },
        };

        Tensor Take(Tensor tensor) => tensor.IndexSelect(0, index).Slice(1, 0, length);
    }
}

/// <summary>Hidden states of prompts and responses beneath a layer.</summary>
/// <param name="Layer">Counted from 0.</param>
/// <param name="Hidden">(B, W, D), W the longest text; 0 behind the end of a text.</param>
public sealed record Trunk(int Layer, Tensor Hidden);
