namespace Attune.Quickstart;

/// <summary>
/// What the simulated guest thinks of one answer, without noise: six criteria from 0 (not at all) to 1 (fully), the
/// <see cref="Score"/> that rankings are made from, and whether the answer <see cref="IsGood"/>.
/// </summary>
/// <param name="Polite">A word of courtesy, thanks or apology.</param>
/// <param name="OnTopic">Speaks of what the guest wrote about, and of nothing else more than of that.</param>
/// <param name="Helpful">Offers a deed or a fact (half), and says when, where or by whom (whole).</param>
/// <param name="NotRude">Nothing that snaps at the guest.</param>
/// <param name="Complete">Known words that end as a sentence ends, not cut off.</param>
/// <param name="NotRambling">No longer than needed, nothing said twice, no second turn of the talk.</param>
public sealed record Judgement(double Polite, double OnTopic, double Helpful, double NotRude, double Complete, double NotRambling)
{
    /// <summary>The value from which a criterion holds.</summary>
    public const double Holds = 0.6;

    /// <summary>The answer that satisfies nothing, such as an empty one.</summary>
    public static Judgement Nothing { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>0 to 10, what each criterion weighs.</summary>
    public double Score => 2.5 * OnTopic + 2 * Helpful + 2 * NotRude + 1.5 * Complete + Polite + NotRambling;

    /// <summary>Every criterion holds.</summary>
    public bool IsGood => Values.All(value => value >= Holds);

    /// <summary>The names of the criteria that do not hold.</summary>
    public IEnumerable<string> Flaws => Names.Zip(Values).Where(pair => pair.Second < Holds).Select(pair => pair.First);

    /// <summary>"good", or what is amiss.</summary>
    public string Summary => IsGood ? "good" : string.Join(", ", Flaws.Select(name => Amiss[name]));

    double[] Values => [Polite, OnTopic, Helpful, NotRude, Complete, NotRambling];

    static readonly string[] Names =
        [nameof(Polite), nameof(OnTopic), nameof(Helpful), nameof(NotRude), nameof(Complete), nameof(NotRambling)];

    static readonly Dictionary<string, string> Amiss = new()
    {
        [nameof(Polite)] = "not polite",
        [nameof(OnTopic)] = "off topic",
        [nameof(Helpful)] = "no help",
        [nameof(NotRude)] = "rude",
        [nameof(Complete)] = "incomplete",
        [nameof(NotRambling)] = "rambling",
    };
}
