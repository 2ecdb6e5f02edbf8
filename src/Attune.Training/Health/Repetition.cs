namespace Attune.Training.Health;

/// <summary>How much answers say again, in tokens.</summary>
public static class Repetition
{
    const int Length = 3;

    /// <summary>
    /// The share of three tokens in a row that stood in the same answer before, a mean over answers: seq-rep-n of Welleck et al. 2020,
    /// section 6, https://arxiv.org/abs/1908.04319. An answer of less than three tokens repeats nothing.
    /// </summary>
    public static double Measure(IReadOnlyCollection<int[]> answers) => answers.Average(Share);

    /// <summary>Different answers, as a share of all.</summary>
    public static double Distinct(IReadOnlyCollection<int[]> answers) =>
        answers.Select(Key).Distinct(StringComparer.Ordinal).Count() / (double)answers.Count;

    static double Share(int[] answer)
    {
        var all = answer.Length - Length + 1;
        return all < 1 ? 0 : 1 - Enumerable.Range(0, all).Select(at => (answer[at], answer[at + 1], answer[at + 2])).Distinct().Count() / (double)all;
    }

    static string Key(int[] answer) => string.Join(' ', answer);
}
