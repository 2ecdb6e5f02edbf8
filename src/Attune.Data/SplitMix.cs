namespace Attune.Data;

/// <summary>
/// Derives a seed from a seed and a number, the same on every machine. Steele et al. 2014, https://doi.org/10.1145/2660193.2660195
/// </summary>
static class SplitMix
{
    public static int Next(int seed, long number)
    {
        var z = unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)number + 0x9E3779B97F4A7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return unchecked((int)(z ^ (z >> 31)));
    }
}
