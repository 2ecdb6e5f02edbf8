using Attune.Data;

namespace Attune.Reporting.Evaluation;

/// <summary>What a source's answers are worth to people and to the model.</summary>
/// <param name="Name">Who wrote them.</param>
/// <param name="Answers">How many.</param>
/// <param name="Score">Their mean score.</param>
/// <param name="PreferredByPeople">The share of its pairs with another source that people decide for it; null without such pairs.</param>
/// <param name="PreferredByModel">The same by the model.</param>
public sealed record SourceStanding(string Name, int Answers, double Score, double? PreferredByPeople, double? PreferredByModel);

/// <summary>Answers that stood at one place of the list.</summary>
/// <param name="Place">From 0.</param>
/// <param name="Answers">How many.</param>
/// <param name="Score">Their mean score, less their prompt's mean.</param>
/// <param name="PreferredByPeople">The share of their pairs that people decide for them.</param>
public sealed record PlaceStanding(int Place, int Answers, double Score, double PreferredByPeople);

/// <summary>How well a reward model knows what people prefer, on data that it was not trained on.</summary>
public sealed class RewardEvaluation
{
    const int SurprisesKept = 24;
    const int LengthBins = 10;

    readonly IReadOnlyList<IReadOnlyList<EvaluatedResponse>> prompts;

    RewardEvaluation(IReadOnlyList<EvaluatedPair> pairs, IReadOnlyList<IReadOnlyList<EvaluatedResponse>> prompts) => (Pairs, this.prompts) = (pairs, prompts);

    /// <summary>Compares every pair of rankings.</summary>
    /// <param name="rankings">What people said.</param>
    /// <param name="judged">The answers of each, as the model scores them.</param>
    /// <exception cref="InvalidDataException">There is no pair to compare.</exception>
    public static RewardEvaluation Evaluate(IReadOnlyList<ComparisonExample> rankings, IReadOnlyList<ScoredResponse[]> judged)
    {
        EvaluatedPair[] pairs = [.. rankings.Zip(judged).SelectMany(read => EvaluatedPair.FromExample(read.First, read.Second))];
        if (!Array.Exists(pairs, pair => pair.IsDecided))
            throw new InvalidDataException("there is no pair in which people prefer one answer; all tie, are the same, or were not ranked");
        return new(pairs, [.. rankings.Zip(judged).Select(read => Answers(read.First, read.Second))]);
    }

    static IReadOnlyList<EvaluatedResponse> Answers(ComparisonExample ranking, ScoredResponse[] judged) => [.. judged.Select((answer, at) =>
        new EvaluatedResponse(ranking.Completions[at], answer, ranking.Comparisons.ChosenFirst ? null : at, ranking.Comparisons.Sources?[at]))];

    public IReadOnlyList<EvaluatedPair> Pairs { get; }

    /// <summary>Pairs in which more people prefer one answer; the others tell nothing of what is right.</summary>
    public IReadOnlyList<EvaluatedPair> Decided => [.. Pairs.Where(pair => pair.IsDecided)];

    /// <summary>The share of decided pairs that the model puts in order; equal scores count half.</summary>
    public PairRate Accuracy => PairRate.FromPairs(Decided, pair => pair.Correct);

    /// <summary>The accuracy by what people said of the strength; empty where they said nothing.</summary>
    public IReadOnlyList<PairGroup> ByMargin => PairGroups.ByNumber(Decided, pair => pair.Comparison.Margin, "");

    /// <summary>The accuracy by how many ranks lie between two answers.</summary>
    public IReadOnlyList<PairGroup> ByRankDistance => PairGroups.ByNumber(Decided, pair => pair.RankDistance, "");

    /// <summary>The accuracy by the share of people who agree; empty where there were no votes.</summary>
    public IReadOnlyList<PairGroup> ByShare => Pairs.Any(pair => pair.Comparison.Share < 1)
        ? PairGroups.ByNumber(Decided, pair => Math.Round(100 * pair.Comparison.Share), " %")
        : [];

    /// <summary>The accuracy by how much longer the better answer is, in tokens.</summary>
    public IReadOnlyList<PairGroup> ByLengthDifference => PairGroups.ByNumber(Decided, pair => pair.LengthDifference, " tokens");

    /// <summary>The accuracy by who wrote the two answers.</summary>
    public IReadOnlyList<PairGroup> BySources => PairGroups.BySources(Decided);

    public IReadOnlyList<SourceStanding> Sources =>
    [
        .. prompts.SelectMany(answers => answers).Where(answer => answer.Source is not null).GroupBy(answer => answer.Source!, StringComparer.Ordinal)
            .OrderBy(source => source.Key, StringComparer.Ordinal).Select(source => Standing(source.Key, [.. source])),
    ];

    public Calibration Calibration => Calibration.FromPairs(Pairs);

    /// <summary>What people agree on among themselves; null where no pair was judged twice.</summary>
    public AnnotatorAgreement? Annotators => AnnotatorAgreement.FromPairs(Pairs);

    public PreferenceBias? LengthBias => PreferenceBias.ForLength(Pairs);

    public PreferenceBias? PlaceBias => PreferenceBias.ForPlace(Pairs);

    /// <summary>How the score of an answer goes with its length among answers to one prompt, from −1 to 1.</summary>
    public double? LengthCorrelation => PreferenceBias.WithinPrompts(prompts, answer => answer.Scored.Length, answer => answer.Scored.Score);

    /// <summary>Mean length and mean score of answers, from the shortest.</summary>
    public IReadOnlyList<(double Length, double Score)> ScoreByLength =>
    [
        .. PairGroups.Bins([.. prompts.SelectMany(answers => answers)], answer => answer.Scored.Length, LengthBins)
            .Select(bin => (bin.Average(answer => answer.Scored.Length), bin.Average(answer => answer.Scored.Score))),
    ];

    /// <summary>What stands at each place of the list; empty where places say nothing.</summary>
    public IReadOnlyList<PlaceStanding> Places
    {
        get
        {
            var answers = prompts.SelectMany(own => own.Select(answer => (answer.Place, Score: answer.Scored.Score - own.Average(other => other.Scored.Score))))
                .Where(answer => answer.Place is not null).ToLookup(answer => answer.Place!.Value, answer => answer.Score);
            var won = Decided.Where(pair => pair.Chosen.Place is not null)
                .SelectMany(pair => new[] { (pair.Chosen.Place, Won: 1.0), (pair.Rejected.Place, Won: 0.0) }).ToLookup(side => side.Place!.Value, side => side.Won);
            return [.. answers.OrderBy(place => place.Key).Where(place => won[place.Key].Any())
                .Select(place => new PlaceStanding(place.Key, place.Count(), place.Average(), won[place.Key].Average()))];
        }
    }

    /// <summary>Decided pairs that the model has wrong, the most confident first.</summary>
    public IReadOnlyList<EvaluatedPair> ConfidentErrors =>
        [.. Decided.Where(pair => pair.Margin < 0).OrderBy(pair => pair.LogitMargin).DistinctBy(pair => (pair.Prompt, pair.Chosen.Text, pair.Rejected.Text)).Take(SurprisesKept)];

    /// <summary>The deviation between members of an ensemble, a mean over answers; 0 for one member.</summary>
    public double Disagreement => prompts.SelectMany(answers => answers).Average(answer => answer.Scored.Disagreement);

    public int PromptCount => Pairs.Select(pair => pair.Prompt).Distinct(StringComparer.Ordinal).Count();

    SourceStanding Standing(string name, EvaluatedResponse[] answers)
    {
        var pairs = Decided.Where(pair => pair.Chosen.Source != pair.Rejected.Source && (pair.Chosen.Source == name || pair.Rejected.Source == name)).ToList();
        return new(
            name, answers.Length, answers.Average(answer => answer.Scored.Score),
            pairs.Count == 0 ? null : pairs.Average(pair => pair.Chosen.Source == name ? 1.0 : 0),
            pairs.Count == 0 ? null : pairs.Average(pair => pair.Chosen.Source == name ? pair.Correct : 1 - pair.Correct));
    }
}
