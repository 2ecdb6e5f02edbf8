using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>Decides which of two responses to the same prompt is better.</summary>
public interface IJudge : IDisposable
{
    /// <summary>For each pair the probability that the first response is better: 1, 0, 0.5 for a tie, or a number between.</summary>
    /// <exception cref="InvalidDataException">The judge failed.</exception>
    /// <exception cref="IOException">The judge did not answer.</exception>
    double[] Compare(IReadOnlyList<(TextResponse First, TextResponse Second)> pairs);
}

/// <summary>Comparisons without a preference for the response that comes first.</summary>
public static class JudgeExtensions
{
    /// <summary>
    /// For each pair the probability that the first response is better. The judge is asked in both orders: where it contradicts itself, it
    /// is a tie. So are equal texts, about which it is not asked.
    /// </summary>
    /// <exception cref="InvalidDataException">The judge failed or did not answer; the message names it.</exception>
    public static double[] CompareInBothOrders(
        this IJudge judge, string name, IReadOnlyList<(TextResponse First, TextResponse Second)> pairs)
    {
        var asked = pairs.Where(pair => pair.First.Text != pair.Second.Text).ToList();
        if (asked.Count == 0)
            return [.. pairs.Select(_ => 0.5)];
        try
        {
            var answers = judge.Compare([.. asked, .. asked.Select(pair => (pair.Second, pair.First))]);
            var next = 0;
            return [.. pairs.Select(pair => pair.First.Text == pair.Second.Text
                ? 0.5
                : Agreed(answers[next], 1 - answers[asked.Count + next++]))];
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the reward '{name}' failed: {error.Message}", error);
        }
    }

    static double Agreed(double first, double second) => (first - 0.5) * (second - 0.5) < 0 ? 0.5 : (first + second) / 2;
}

/// <summary>A judge in another program, which answers each batch with a JSON object.</summary>
sealed class RemoteJudge(RewardProtocol protocol, RemoteCalls calls) : IJudge
{
    long id;

    public double[] Compare(IReadOnlyList<(TextResponse First, TextResponse Second)> pairs) =>
        RewardProtocol.ReadWinRates(++id, calls.Send(protocol.Request(id, pairs)), pairs.Count);

    public void Dispose() => calls.Dispose();
}
