using Attune.Data;
using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Training.Algorithms;

/// <summary>
/// NEFTune: noise on the token embeddings in training, uniform in ± α / √(L · D) for a text of L tokens and embeddings of D channels. Jain
/// et al. 2023, section 2, https://arxiv.org/abs/2310.05914. Details: (1) L is the length of the row without padding, so that the noise of
/// a row does not depend on the rest of its batch; (2) the noise is drawn from the run's seed and the row's number in the run, so that a
/// resumed run and smaller micro-batches draw the same; (3) of an encoder–decoder, source and target both have noise, each with its own L.
/// </summary>
/// <param name="alpha">α</param>
/// <param name="seed">The seed of the run.</param>
/// <param name="width">D</param>
sealed class Neftune(double alpha, int seed, long width)
{
    /// <summary>The row with its noise; held-out rows, which have negative numbers, get none.</summary>
    public TokenRow Mark(TokenRow row, long number) => number < 0 ? row : row.WithNoise(seed, number);

    /// <summary>The input of some rows with the noise of each.</summary>
    public ModelInput AddTo(ModelInput input, IReadOnlyList<TokenRow> rows) => rows[0].NoiseSeed is null ? input : input with
    {
        EmbeddingNoise = Draw([.. rows.Select(row => (row.Tokens.Length, row.NoiseSeed!.Value))], input.Tokens),
        Source = input.Source is not { } source ? null : source with
        {
            EmbeddingNoise = Draw([.. rows.Select(row => (row.Source!.Length, ~row.NoiseSeed!.Value))], source.Tokens),
        },
    };

    /// <summary>(B, T, D), 0 at padding.</summary>
    Tensor Draw(IReadOnlyList<(int Length, int Seed)> rows, Tensor tokens)
    {
        var noise = Tensor.Zeros([tokens.Size(0), tokens.Size(1), width], DType.Float32, tokens.Device);
        using var random = new RandomSource(0, tokens.Device);
        foreach (var (row, (length, rowSeed)) in rows.Index())
        {
            random.Reseed((uint)rowSeed);
            var largest = alpha / Math.Sqrt(length * (double)width);
            noise.Select(0, row).Slice(0, 0, length).UniformInPlace(-largest, largest, random);
        }
        return noise;
    }
}
