using System.ComponentModel.DataAnnotations;
using Attune.Reporting.TextMetrics;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Which number of BERTScore counts.</summary>
public enum BertScoreMeasure
{
    /// <summary>The harmonic mean of precision and recall.</summary>
    F1,

    /// <summary>How near the tokens of the response are to those of the reference.</summary>
    Precision,

    /// <summary>How near the tokens of the reference are to those of the response.</summary>
    Recall,
}

/// <summary>BERTScore, the similarity of a response and a reference by the hidden states of an encoder; at most 1.</summary>
public sealed record BertScoreReward : RewardOptions, IValidatableObject
{
    public override string Kind => "bertScore";

    /// <summary>A folder with an encoder: BERT, RoBERTa or DistilBERT.</summary>
    [Required(ErrorMessage = "must name a folder with an encoder")]
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>The field of the prompt's row that holds the references: a text, or a list of texts.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "references";

    /// <summary>Which number is the score: f1, precision or recall.</summary>
    public BertScoreMeasure Measure { get; init; }

    /// <summary>
    /// The layer whose hidden states are compared, from 1; 0 for that of bert_score for a model of this size (9 of BERT's 12, 17 of
    /// RoBERTa's 24), or the last one.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public int Layer { get; init; }

    /// <summary>Whether tokens are weighted by how few of the references that are scored together have them.</summary>
    public bool Idf { get; init; }

    /// <summary>Precision, recall and F1 of unrelated texts, which become 0: [0.83, 0.83, 0.83]; empty for no rescaling.</summary>
    public IReadOnlyList<double> Baseline { get; init; } = [];

    public override IReadOnlyList<string> RowFields => [Field];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Baseline.Count is not (0 or 3) || Baseline.Any(number => !(number < 1)))
            yield return new("must be three numbers below 1: precision, recall and F1", [nameof(Baseline)]);
    }

    public override RewardOptions WithFullPaths() => this with { Model = ModelPath.Full(Model) };

    public override IRewardSource Build(RewardContext context) => new BertScoreSource(
        new(Model, context.Policy.Model.Device, Layer)
        {
            Idf = Idf,
            Baseline = Baseline.Count == 0 ? default : new(Baseline[0], Baseline[1], Baseline[2]),
            Workers = context.Workers,
        },
        this, context.Policy.Tokenizer);
}

/// <summary>One of the numbers of BERTScore.</summary>
sealed class BertScoreSource(BertScorer scorer, BertScoreReward options, Tokenizer tokenizer) : IRewardSource
{
    public bool UsesModel => true;

    public Scores Score(Rollouts rollouts)
    {
        var scores = scorer.Score([.. TextResponse.FromRollouts(rollouts, tokenizer).Select(response =>
            new ReferencedText(response.Text, response.References(options.Field)))]);
        return Scores.FromTotals(scores.Select(score => options.Measure switch
        {
            BertScoreMeasure.Precision => score.Precision,
            BertScoreMeasure.Recall => score.Recall,
            _ => score.F1,
        }));
    }
}
