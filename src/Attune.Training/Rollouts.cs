using Attune.Data;
using Attune.Generation;
using Attune.Torch;

namespace Attune.Training;

/// <summary>What a policy answered: B responses of at most T tokens, one row each.</summary>
/// <param name="Prompts">B; a prompt with several answers comes several times.</param>
/// <param name="Completions">B, in tokens.</param>
/// <param name="Mask">(B, T) bool, true at real tokens of a response.</param>
/// <param name="Logprobs">(B, T) under the policy that sampled them; 0 where the mask is false.</param>
/// <param name="Values">(B, T): its value head's estimate before each token; 0 where the mask is false, or without a value head.</param>
public sealed record Rollouts(
    IReadOnlyList<TokenPrompt> Prompts, IReadOnlyList<Completion> Completions, Tensor Mask, Tensor Logprobs, Tensor Values)
{
    public int Count => Completions.Count;

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
        return new([.. rows.Select(row => Prompts[row])], completions, Take(Mask), Take(Logprobs), Take(Values));

        Tensor Take(Tensor tensor) => tensor.IndexSelect(0, index).Slice(1, 0, length);
    }
}
