namespace Attune.Quickstart;

/// <summary>
/// How the simulated guest rates a response, without noise: six criteria from 0 (not at all) to 1 (fully), the
/// <see cref="Score"/> that rankings are made from, and whether the response <see cref="IsGood"/>.
/// </summary>
/// <param name="Polite">It has a phrase of courtesy, thanks or apology.</param>
/// <param name="OnTopic">It is about the topic of the guest's message, and about no other topic more.</param>
/// <param name="Helpful">It offers an action or a fact (half), and says when, where or by whom (full).</param>
/// <param name="NotRude">It has no rude phrase.</param>
/// <param name="Complete">It has known words and ends like a sentence.</param>
/// <param name="NotRambling">It is not too long, does not repeat itself, and has no second turn.</param>
public sealed record Judgement(double Polite, double OnTopic, double Helpful, double NotRude, double Complete, double NotRambling)
{
    /// <summary>The value from which a criterion is met.</summary>
    public const double Holds = 0.6;

    /// <summary>The rating of a response that meets no criterion, such as an empty one.</summary>
    public static Judgement Nothing { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>The weighted sum of the criteria, from 0 to 10.</summary>
    public double Score => 2.5 * OnTopic + 2 * Helpful + 2 * NotRude + 1.5 * Complete + Polite + NotRambling;

    /// <summary>Whether every criterion is met.</summary>
    public bool IsGood => Values.All(value => value >= Holds);

    /// <summary>The names of the criteria that are not met.</summary>
    public IEnumerable<string> Flaws => Names.Zip(Values).Where(pair => pair.Second < Holds).Select(pair => pair.First);

    /// <summary>"good", or the criteria that are not met.</summary>
    public string Summary => IsGood ? "good" : string.Join(", ", Flaws.Select(name => Descriptions[name]));

    double[] Values => [Polite, OnTopic, Helpful, NotRude, Complete, NotRambling];

    static readonly string[] Names =
        [nameof(Polite), nameof(OnTopic), nameof(Helpful), nameof(NotRude), nameof(Complete), nameof(NotRambling)];

    static readonly Dictionary<string, string> Descriptions = new()
    {
        [nameof(Polite)] = "not polite",
        [nameof(OnTopic)] = "off topic",
        [nameof(Helpful)] = "no help",
        [nameof(NotRude)] = "rude",
        [nameof(Complete)] = "incomplete",
        [nameof(NotRambling)] = "rambling",
    };
}
