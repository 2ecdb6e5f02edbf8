using System.ComponentModel.DataAnnotations;
using Attune.Reporting.TextMetrics;

namespace Attune.Training.Rewards;

/// <summary>ROUGE, an F1 from 0 to 1; of several references, the nearest counts.</summary>
public sealed record RougeReward : TextMetricReward
{
    public override string Kind => "rouge";

    /// <summary>
    /// What is compared: words (rouge1), pairs of words (rouge2), the longest common subsequence (rougeL), that of lines (rougeLsum), or
    /// the mean of the first three (combined).
    /// </summary>
    public RougeType Type { get; init; } = RougeType.RougeL;

    /// <summary>Whether English words are reduced to their stems.</summary>
    public bool Stemmer { get; init; } = true;

    internal override TextMetric Metric => new Rouge { Type = Type, Stemmer = Stemmer };
}

/// <summary>BLEU of single responses, from 0 to 1, as SacreBLEU computes it.</summary>
public sealed record BleuReward : TextMetricReward
{
    public override string Kind => "bleu";

    /// <summary>What replaces a precision of 0: halves of a match (exp), nothing (none), a tenth of a match (floor), or addOne.</summary>
    public BleuSmoothing Smoothing { get; init; }

    /// <summary>How texts are divided into words: mteval13a, international, characters, or none for white space.</summary>
    public BleuTokenizer Tokenizer { get; init; }

    /// <summary>Whether the case of letters is ignored.</summary>
    public bool IgnoreCase { get; init; }

    internal override TextMetric Metric => new Bleu { Smoothing = Smoothing, Tokenizer = Tokenizer, IgnoreCase = IgnoreCase };
}

/// <summary>chrF, the F-score of character n-grams, from 0 to 1.</summary>
public sealed record ChrfReward : TextMetricReward
{
    public override string Kind => "chrf";

    /// <summary>The largest n of word n-grams: 0 for chrF, 2 for chrF++.</summary>
    [Range(0, double.PositiveInfinity)]
    public int WordOrder { get; init; }

    internal override TextMetric Metric => new Chrf { WordOrder = WordOrder };
}

/// <summary>1 − translation edit rate; below 0 for a response with more edits than the reference has words.</summary>
public sealed record TerReward : TextMetricReward
{
    public override string Kind => "ter";

    internal override TextMetric Metric => new Ter();
}

/// <summary>METEOR, from 0 to 1: words match by themselves or by their stems, not as synonyms.</summary>
public sealed record MeteorReward : TextMetricReward
{
    public override string Kind => "meteor";

    internal override TextMetric Metric => new Meteor();
}

/// <summary>CIDEr-D, from 0 to 10; the weights of words come from the references of all prompts that are scored together.</summary>
public sealed record CiderReward : TextMetricReward
{
    public override string Kind => "cider";

    internal override TextMetric Metric => new Cider();
}

/// <summary>PARENT, from 0 to 1: the response describes a table, and is compared with references and with the table.</summary>
public sealed record ParentReward : TextMetricReward
{
    public override string Kind => "parent";

    /// <summary>
    /// The field of the prompt's row that holds the table: an object such as {"name": "Ada"}, or a list of [attribute, value] or of
    /// [subject, relation, object].
    /// </summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Table { get; init; } = "table";

    /// <summary>The weight of the table in the recall; null for 1 − the share of the table that the reference mentions.</summary>
    [Range(0d, 1d)]
    public double? Lambda { get; init; } = 0.5;

    public override IReadOnlyList<string> RowFields => [Field, Table];

    internal override TextMetric Metric => new Parent { Lambda = Lambda };

    internal override ReferencedText Read(TextResponse response) => base.Read(response) with { Table = response.Table(Table) };
}
