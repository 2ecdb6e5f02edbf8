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

    readonly IReadOnlyList<IReadOnlyList<EvaluatedAnswer>> prompts;

    RewardEvaluation(IReadOnlyList<EvaluatedPair> pairs, IReadOnlyList<IReadOnlyList<EvaluatedAnswer>> prompts) => (Pairs, this.prompts) = (pairs, prompts);

    /// <summary>Compares every pair of rankings.</summary>
    /// <param name="rankings">What people said.</param>
    /// <param name="judged">The answers of each, as the model scores them.</param>
    /// <exception cref="InvalidDataException">There is no pair to compare.</exception>
    public static RewardEvaluation Of(IReadOnlyList<Ranking> rankings, IReadOnlyList<JudgedAnswer[]> judged)
    {
        EvaluatedPair[] pairs = [.. rankings.Zip(judged).SelectMany(read => EvaluatedPair.Of(read.First, read.Second))];
        if (!Array.Exists(pairs, pair => pair.IsDecided))
            throw new InvalidDataException("there is no pair in which people prefer one answer; all tie, are the same, or were not ranked");
        return new(pairs, [.. rankings.Zip(judged).Select(read => Answers(read.First, read.Second))]);
    }

    static IReadOnlyList<EvaluatedAnswer> Answers(Ranking ranking, JudgedAnswer[] judged) => [.. judged.Select((answer, at) =>
        new EvaluatedAnswer(ranking.Completions[at], answer, ranking.Preferences.ChosenFirst ? null : at, ranking.Preferences.Sources?[at]))];

    public IReadOnlyList<EvaluatedPair> Pairs { get; }

    /// <summary>Pairs in which more people prefer one answer; the others tell nothing of what is right.</summary>
    public IReadOnlyList<EvaluatedPair> Decided => [.. Pairs.Where(pair => pair.IsDecided)];

    /// <summary>The share of decided pairs that the model puts in order; equal scores count half.</summary>
    public PairRate Accuracy => PairRate.Of(Decided, pair => pair.Right);

    /// <summary>The accuracy by what people said of the strength; empty where they said nothing.</summary>
    public IReadOnlyList<PairGroup> ByStrength => PairGroups.ByNumber(Decided, pair => pair.Preference.Strength, "");

    /// <summary>The accuracy by how many ranks lie between two answers.</summary>
    public IReadOnlyList<PairGroup> ByRankDistance => PairGroups.ByNumber(Decided, pair => pair.RankDistance, "");

    /// <summary>The accuracy by the share of people who agree; empty where there were no votes.</summary>
    public IReadOnlyList<PairGroup> ByShare => Pairs.Any(pair => pair.Preference.Share < 1)
        ? PairGroups.ByNumber(Decided, pair => Math.Round(100 * pair.Preference.Share), " %")
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

    public Calibration Calibration => Calibration.Of(Pairs);

    /// <summary>What people agree on among themselves; null where no pair was judged twice.</summary>
    public AnnotatorAgreement? Annotators => AnnotatorAgreement.Of(Pairs);

    public PreferenceBias? LengthBias => PreferenceBias.ForLength(Pairs);

    public PreferenceBias? PlaceBias => PreferenceBias.ForPlace(Pairs);

    /// <summary>How the score of an answer goes with its length among answers to one prompt, from −1 to 1.</summary>
    public double? LengthCorrelation => PreferenceBias.WithinPrompts(prompts, answer => answer.Judged.Length, answer => answer.Judged.Score);

    /// <summary>Mean length and mean score of answers, from the shortest.</summary>
    public IReadOnlyList<(double Length, double Score)> ScoreByLength =>
    [
        .. PairGroups.Bins([.. prompts.SelectMany(answers => answers)], answer => answer.Judged.Length, LengthBins)
            .Select(bin => (bin.Average(answer => answer.Judged.Length), bin.Average(answer => answer.Judged.Score))),
    ];

    /// <summary>What stands at each place of the list; empty where places say nothing.</summary>
    public IReadOnlyList<PlaceStanding> Places
    {
        get
        {
            var answers = prompts.SelectMany(own => own.Select(answer => (answer.Place, Score: answer.Judged.Score - own.Average(other => other.Judged.Score))))
                .Where(answer => answer.Place is not null).ToLookup(answer => answer.Place!.Value, answer => answer.Score);
            var won = Decided.Where(pair => pair.Better.Place is not null)
                .SelectMany(pair => new[] { (pair.Better.Place, Won: 1.0), (pair.Worse.Place, Won: 0.0) }).ToLookup(side => side.Place!.Value, side => side.Won);
            return [.. answers.OrderBy(place => place.Key).Where(place => won[place.Key].Any())
                .Select(place => new PlaceStanding(place.Key, place.Count(), place.Average(), won[place.Key].Average()))];
        }
    }

    /// <summary>Decided pairs that the model has wrong, the most confident first.</summary>
    public IReadOnlyList<EvaluatedPair> Surprises =>
        [.. Decided.Where(pair => pair.Margin < 0).OrderBy(pair => pair.LogitMargin).DistinctBy(pair => (pair.Prompt, pair.Better.Text, pair.Worse.Text)).Take(SurprisesKept)];

    /// <summary>The deviation between members of an ensemble, a mean over answers; 0 for one member.</summary>
    public double Disagreement => prompts.SelectMany(answers => answers).Average(answer => answer.Judged.Disagreement);

    public int PromptCount => Pairs.Select(pair => pair.Prompt).Distinct(StringComparer.Ordinal).Count();

    SourceStanding Standing(string name, EvaluatedAnswer[] answers)
    {
        var pairs = Decided.Where(pair => pair.Better.Source != pair.Worse.Source && (pair.Better.Source == name || pair.Worse.Source == name)).ToList();
        return new(
            name, answers.Length, answers.Average(answer => answer.Judged.Score),
            pairs.Count == 0 ? null : pairs.Average(pair => pair.Better.Source == name ? 1.0 : 0),
            pairs.Count == 0 ? null : pairs.Average(pair => pair.Better.Source == name ? pair.Right : 1 - pair.Right));
    }
}
