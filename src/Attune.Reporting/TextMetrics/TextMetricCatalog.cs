namespace Attune.Reporting.TextMetrics;

/// <summary>The metrics with references that evaluations know by name.</summary>
public static class TextMetricCatalog
{
    /// <summary>The metrics by name, with their default options; ROUGE compares the stems of words.</summary>
    public static IReadOnlyDictionary<string, TextMetric> All { get; } =
        new Dictionary<string, TextMetric>(StringComparer.OrdinalIgnoreCase)
    {
        ["rouge1"] = new Rouge { Type = RougeType.Rouge1 },
        ["rouge2"] = new Rouge { Type = RougeType.Rouge2 },
        ["rougeL"] = new Rouge(),
        ["rougeLsum"] = new Rouge { Type = RougeType.RougeLsum },
        ["bleu"] = new Bleu(),
        ["chrf"] = new Chrf(),
        ["chrf++"] = new Chrf { WordOrder = 2 },
        ["ter"] = new Ter(),
        ["meteor"] = new Meteor(),
        ["cider"] = new Cider(),
        ["parent"] = new Parent(),
    };
}
