using Attune.Data;

namespace Attune.Reporting.Evaluation;

/// <summary>How annotators and the model rate the responses of a source.</summary>
/// <param name="Name">The name of the source.</param>
/// <param name="Answers">The number of its responses.</param>
/// <param name="Score">Their mean score.</param>
/// <param name="PreferredByPeople">The share of its pairs with other sources in which annotators prefer it; null without such
/// pairs.</param>
/// <param name="PreferredByModel">The share in which the model prefers it.</param>
public sealed record SourceStanding(string Name, int Answers, double Score, double? PreferredByPeople, double? PreferredByModel);

/// <summary>Responses at one position of the list.</summary>
/// <param name="Place">The position, from 0.</param>
/// <param name="Answers">The number of responses.</param>
/// <param name="Score">Their mean score, after subtracting the mean of their prompt.</param>
/// <param name="PreferredByPeople">The share of their pairs in which annotators prefer them.</param>
public sealed record PlaceStanding(int Place, int Answers, double Score, double PreferredByPeople);

/// <summary>How well a reward model predicts the preferences of annotators, on data that it was not trained on.</summary>
public sealed class RewardEvaluation
{
    const int MaxConfidentErrors = 24;
    const int LengthBins = 10;

    readonly IReadOnlyList<IReadOnlyList<EvaluatedResponse>> prompts;

    RewardEvaluation(IReadOnlyList<EvaluatedPair> pairs, IReadOnlyList<IReadOnlyList<EvaluatedResponse>> prompts) =>
        (Pairs, this.prompts) = (pairs, prompts);

    /// <summary>Evaluates every pair of the examples.</summary>
    /// <param name="rankings">The examples with the annotators' comparisons.</param>
    /// <param name="judged">The scored responses of each example.</param>
    /// <exception cref="InvalidDataException">There is no pair to compare.</exception>
    public static RewardEvaluation Evaluate(IReadOnlyList<ComparisonExample> rankings, IReadOnlyList<ScoredResponse[]> judged)
    {
        EvaluatedPair[] pairs = [.. rankings.Zip(judged).SelectMany(read => EvaluatedPair.FromExample(read.First, read.Second))];
        if (!Array.Exists(pairs, pair => pair.IsDecided))
            throw new InvalidDataException("there is no pair in which annotators prefer one response: all are tied, equal or unranked");
        return new(pairs, [.. rankings.Zip(judged).Select(read => Responses(read.First, read.Second))]);
    }

    static IReadOnlyList<EvaluatedResponse> Responses(ComparisonExample example, ScoredResponse[] scored) =>
        [
            .. scored.Select((response, i) => new EvaluatedResponse(
                example.Completions[i], response, example.Comparisons.ChosenFirst ? null : i, example.Comparisons.Sources?[i])),
        ];

    public IReadOnlyList<EvaluatedPair> Pairs { get; }

    /// <summary>Pairs in which a majority prefers one response; the others have no correct order.</summary>
    public IReadOnlyList<EvaluatedPair> Decided => [.. Pairs.Where(pair => pair.IsDecided)];

    /// <summary>The share of decided pairs in which the chosen response scores higher; equal scores count half.</summary>
    public PairRate Accuracy => PairRate.FromPairs(Decided, pair => pair.Correct);

    /// <summary>The accuracy by the strength of the preference; empty where the data has none.</summary>
    public IReadOnlyList<PairGroup> ByMargin => PairGroups.ByNumber(Decided, pair => pair.Comparison.Margin, "");

    /// <summary>The accuracy by the difference of ranks.</summary>
    public IReadOnlyList<PairGroup> ByRankDistance => PairGroups.ByNumber(Decided, pair => pair.RankDistance, "");

    /// <summary>The accuracy by the share of annotators who agree; empty without votes.</summary>
    public IReadOnlyList<PairGroup> ByShare => Pairs.Any(pair => pair.Comparison.Share < 1)
        ? PairGroups.ByNumber(Decided, pair => Math.Round(100 * pair.Comparison.Share), " %")
        : [];

    /// <summary>The accuracy by how much longer the chosen response is, in tokens.</summary>
    public IReadOnlyList<PairGroup> ByLengthDifference => PairGroups.ByNumber(Decided, pair => pair.LengthDifference, " tokens");

    /// <summary>The accuracy by the sources of the two responses.</summary>
    public IReadOnlyList<PairGroup> BySources => PairGroups.BySources(Decided);

    public IReadOnlyList<SourceStanding> Sources =>
    [
        .. prompts.SelectMany(responses => responses).Where(response => response.Source is not null)
            .GroupBy(response => response.Source!, StringComparer.Ordinal)
            .OrderBy(source => source.Key, StringComparer.Ordinal).Select(source => Standing(source.Key, [.. source])),
    ];

    public Calibration Calibration => Calibration.FromPairs(Pairs);

    /// <summary>The agreement of annotators; null where no pair was compared twice.</summary>
    public AnnotatorAgreement? Annotators => AnnotatorAgreement.FromPairs(Pairs);

    public PreferenceBias? LengthBias => PreferenceBias.ForLength(Pairs);

    public PreferenceBias? PlaceBias => PreferenceBias.ForPlace(Pairs);

    /// <summary>The correlation of score and length among the responses to a prompt, from −1 to 1.</summary>
    public double? LengthCorrelation =>
        PreferenceBias.WithinPrompts(prompts, response => response.Scored.Length, response => response.Scored.Score);

    /// <summary>Mean length and mean score of responses, from the shortest.</summary>
    public IReadOnlyList<(double Length, double Score)> ScoreByLength =>
    [
        .. PairGroups.Bins([.. prompts.SelectMany(responses => responses)], response => response.Scored.Length, LengthBins)
            .Select(bin => (bin.Average(response => response.Scored.Length), bin.Average(response => response.Scored.Score))),
    ];

    /// <summary>Statistics of each position of the list; empty where the order has no meaning.</summary>
    public IReadOnlyList<PlaceStanding> Places
    {
        get
        {
            var scores = prompts.SelectMany(responses => responses
                    .Select(response => (response.Place, Score: response.Scored.Score - responses.Average(other => other.Scored.Score))))
                .Where(response => response.Place is not null).ToLookup(response => response.Place!.Value, response => response.Score);
            var won = Decided.Where(pair => pair.Chosen.Place is not null)
                .SelectMany(pair => new[] { (pair.Chosen.Place, Won: 1.0), (pair.Rejected.Place, Won: 0.0) })
                .ToLookup(side => side.Place!.Value, side => side.Won);
                return [.. scores.OrderBy(place => place.Key).Where(place => won[place.Key].Any())
                .Select(place => new PlaceStanding(place.Key, place.Count(), place.Average(), won[place.Key].Average()))];
        }
    }

    /// <summary>Decided pairs in which the rejected response scores higher, the most confident first.</summary>
    public IReadOnlyList<EvaluatedPair> ConfidentErrors =>
        [
            .. Decided.Where(pair => pair.Margin < 0).OrderBy(pair => pair.LogitMargin)
                .DistinctBy(pair => (pair.Prompt, pair.Chosen.Text, pair.Rejected.Text)).Take(MaxConfidentErrors),
        ];

    /// <summary>The standard deviation between the members of an ensemble, a mean over responses; 0 for one member.</summary>
    public double Disagreement => prompts.SelectMany(responses => responses).Average(response => response.Scored.Disagreement);

    public int PromptCount => Pairs.Select(pair => pair.Prompt).Distinct(StringComparer.Ordinal).Count();

    SourceStanding Standing(string name, EvaluatedResponse[] responses)
    {
        var pairs = Decided.Where(pair => pair.Chosen.Source != pair.Rejected.Source
            && (pair.Chosen.Source == name || pair.Rejected.Source == name)).ToList();
        return new(
            name, responses.Length, responses.Average(response => response.Scored.Score),
            pairs.Count == 0 ? null : pairs.Average(pair => pair.Chosen.Source == name ? 1.0 : 0),
            pairs.Count == 0 ? null : pairs.Average(pair => pair.Chosen.Source == name ? pair.Correct : 1 - pair.Correct));
    }
}
