using System.Globalization;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Scores of B responses, or of each of their tokens. Higher is better.</summary>
/// <param name="Rows">
/// B rows: one number for a whole response, one for each of its tokens, or none where the reward does not apply to the response.
/// </param>
public sealed record Scores(double[][] Rows)
{
    /// <summary>The score of each response: the sum of its row; NaN where it has none.</summary>
    public double[] Totals => Array.ConvertAll(Rows, Total);

    /// <summary>How many responses have no score.</summary>
    public int MissingCount => Rows.Count(row => row.Length == 0);

    /// <summary>The scores of each part of the reward, by the names of the parts; empty when there is one part.</summary>
    public IReadOnlyDictionary<string, double[]> Parts { get; init; } = new Dictionary<string, double[]>();

    /// <summary>
    /// The B scores and the weight of each reward of a sum, after its own scaling and before the score pipeline; empty when there is one.
    /// </summary>
    public IReadOnlyList<(double[] Scores, double Weight)> Terms { get; init; } = [];

    /// <summary>Whether a score is the share of the other responses to a prompt that a response beats.</summary>
    public bool AreWinRates { get; init; }

    /// <summary>Scores of whole responses.</summary>
    public static Scores FromTotals(IEnumerable<double> responses) => new([.. responses.Select(score => new[] { score })]);

    /// <summary>Scores of whole responses; null for a response that the reward does not apply to.</summary>
    public static Scores FromTotals(IEnumerable<double?> responses) =>
        new([.. responses.Select(score => score is { } known ? new[] { known } : [])]);

    /// <summary>The score of a response from its row; NaN for an empty row.</summary>
    internal static double Total(double[] row) => row.Length == 0 ? double.NaN : row.Sum();

    /// <summary>These scores, less a number for each response, which is subtracted at its last token.</summary>
    public Scores Minus(double[] numbers) =>
        this with { Rows = [.. Rows.Zip(numbers, (row, number) => ScoreScaler.AddAtEnd(row, -number))] };

    /// <summary>These scores, then those of other responses by the same source.</summary>
    public Scores Followed(Scores others) => new([.. Rows, .. others.Rows])
    {
        Parts = Parts.ToDictionary(part => part.Key, part => (double[])[.. part.Value, .. others.Parts[part.Key]], StringComparer.Ordinal),
        Terms = [.. Terms.Zip(others.Terms, (term, other) => ((double[])[.. term.Scores, .. other.Scores], term.Weight))],
    };

    /// <summary>The scores of these responses.</summary>
    public Scores Select(int[] rows)
    {
        return new(Pick(Rows))
        {
            Parts = Parts.ToDictionary(part => part.Key, part => Pick(part.Value), StringComparer.Ordinal),
            Terms = [.. Terms.Select(term => (Pick(term.Scores), term.Weight))],
        };

        T[] Pick<T>(T[] all) => Array.ConvertAll(rows, row => all[row]);
    }

    /// <summary>(B, T): the mask without the responses that have no score.</summary>
    public Tensor Scored(Tensor mask) => MissingCount == 0
        ? mask
        : mask & Tensor.From(Array.ConvertAll(Rows, row => row.Length > 0), Rows.Length, 1).To(mask.Device);

    /// <summary>(B, T): each score at its token; that of a whole response at its last token; 0 for a response without a score.</summary>
    public Tensor PerToken(Responses responses)
    {
        var length = (int)responses.Mask.Size(1);
        var rewards = new float[responses.Count * length];
        foreach (var (row, scores) in Rows.Index())
        {
            var first = responses.Tokens[row].Length - scores.Length;
            for (var i = 0; i < scores.Length; i++)
                rewards[row * length + first + i] = (float)scores[i];
        }
        return Tensor.From(rewards, responses.Count, length).To(responses.Mask.Device);
    }

    /// <summary>
    /// Checks that there is a row for each response, with one number, one for each token or none, and that all are finite.
    /// </summary>
    /// <exception cref="InvalidDataException">They are not; the message names the reward.</exception>
    public void Check(string name, Rollouts rollouts)
    {
        if (Rows.Length != rollouts.Count)
            throw new InvalidDataException(
                $"the reward '{name}' gave {Quantity.Of(Rows.Length, "score")} for {Quantity.Of(rollouts.Count, "response")}");
        foreach (var (row, response) in Rows.Zip(rollouts.Completions))
        {
            if (row is null || (row.Length > 1 && row.Length != response.Tokens.Length))
                throw new InvalidDataException(
                    $"the reward '{name}' gave {Quantity.Of(row?.Length ?? 0, "number")} for a response of "
                    + $"{Quantity.Of(response.Tokens.Length, "token")}; it must give one number, or one for each token");
            if (Array.Find(row, number => !double.IsFinite(number)) is var number && !double.IsFinite(number))
                throw new InvalidDataException(
                    string.Create(
                        CultureInfo.InvariantCulture, $"the reward '{name}' gave {number} for a response, which must be a finite number"));
        }
    }
}
