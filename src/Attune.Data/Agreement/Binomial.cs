namespace Attune.Data.Agreement;

/// <summary>
/// Draws from a binomial distribution: by inversion where the expected count is small, by a normal approximation otherwise.
/// </summary>
/// <param name="seed">The seed of the generator.</param>
sealed class Binomial(int seed)
{
    const double Rare = 30;

    long drawn;

    /// <param name="trials">How many trials.</param>
    /// <param name="chance">The probability of success in each trial, from 0 to 1.</param>
    public int Next(int trials, double chance)
    {
        if (trials == 0 || chance <= 0)
            return 0;
        if (chance > 0.5)
            return trials - Next(trials, 1 - chance);
        return trials * chance < Rare ? Search(trials, chance) : Round(trials, chance);
    }

    /// <summary>Inversion: adds the probabilities of 0, 1, 2 … until the sum reaches a uniform number.</summary>
    int Search(int trials, double chance)
    {
        var odds = chance / (1 - chance);
        var probability = Math.Pow(1 - chance, trials);
        var left = Uniform();
        var count = 0;
        for (; left > probability && count < trials; count++)
        {
            left -= probability;
            probability *= odds * (trials - count) / (count + 1);
        }
        return count;
    }

    int Round(int trials, double chance)
    {
        var normal = Math.Sqrt(-2 * Math.Log(Uniform())) * Math.Cos(2 * Math.PI * Uniform());      // Box and Muller 1958
        return Math.Clamp((int)Math.Round(trials * chance + normal * Math.Sqrt(trials * chance * (1 - chance))), 0, trials);
    }

    /// <summary>A uniform number above 0 and below 1.</summary>
    double Uniform() => ((uint)SplitMix.Next(seed, drawn++) + 0.5) / (1L << 32);
}
