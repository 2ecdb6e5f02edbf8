using System.ComponentModel.DataAnnotations;
using Attune.Reporting.TextMetrics;
using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>A reward that compares a response with references in the prompt's row, by a metric of evaluations.</summary>
public abstract record TextMetricReward : RewardOptions
{
    /// <summary>The field of the prompt's row that holds the references: a text, or a list of texts.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "references";

    public override IReadOnlyList<string> RowFields => [Field];

    /// <summary>The metric.</summary>
    internal abstract TextMetric Metric { get; }

    /// <summary>The response with what the metric compares it with.</summary>
    internal virtual ReferencedText Read(TextResponse response) => new(response.Text, response.References(Field));

    public override IRewardSource Build(RewardContext context) => new TextMetricSource(this, context.Policy.Tokenizer);
}

/// <summary>The scores of a text metric; 1 − metric for a metric of which less is better.</summary>
sealed class TextMetricSource(TextMetricReward options, Tokenizer tokenizer) : IRewardSource
{
    readonly TextMetric metric = options.Metric;

    public Scores Score(Rollouts rollouts)
    {
        var scores = metric.Scores([.. TextResponse.FromRollouts(rollouts, tokenizer).Select(options.Read)]);
        return Scores.FromTotals(metric.LowerIsBetter ? scores.Select(score => 1 - score) : scores);
    }
}
