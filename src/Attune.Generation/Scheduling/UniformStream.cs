namespace Attune.Generation.Scheduling;

/// <summary>
/// Numbers in [0, 1) that depend on a seed and a stream only. SplitMix64, Steele et al. 2014, https://doi.org/10.1145/2660193.2660195
/// </summary>
sealed class UniformStream(ulong seed, ulong stream)
{
    ulong state = Mix(seed) ^ Mix(~stream);

    public double Next() => (Mix(state = unchecked(state + 0x9E3779B97F4A7C15)) >> 11) * (1.0 / (1UL << 53));

    static ulong Mix(ulong z)
    {
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}
