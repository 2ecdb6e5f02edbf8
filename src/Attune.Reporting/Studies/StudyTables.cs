using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Reports;
using Attune.Text;
using MathNet.Numerics.Statistics;

namespace Attune.Reporting.Studies;

/// <summary>The tables and charts of a study, for its report and its page.</summary>
public sealed class StudyTables(StudyResult result)
{
    readonly Study study = result.Study;

    /// <summary>How to read the tables.</summary>
    public static string Key =>
        "Last values: mean ± standard deviation over the seeds, then the difference from the base; ≈ is a difference within the noise.";

    /// <summary>How to read the curves.</summary>
    public string BandKey => $"Line: the mean over {Quantity.Of(study.Options.Seeds.Count, "seed")}. Band: minimum to maximum.";

    /// <summary>The last values of a group's variants and of the base.</summary>
    public ReportTable Of(StudyGroup group) => Table(group.Name, Members(group));

    /// <summary>The last values of all variants.</summary>
    public ReportTable All => Table("All variants", result.All.Select(variant => (variant.Variant.Name, variant)));

    /// <summary>The noise of each metric.</summary>
    public ReportTable Noise => new("Noise between seeds", ["", .. Metrics.Select(Heading)],
    [
        ["range of the base over its seeds (maximum − minimum)", .. Metrics.Select(metric => Shown(metric, result.BaseRange(metric.Name)))],
        ["differences up to this size count as noise", .. Metrics.Select(metric => Shown(metric, result.Noise(metric.Name)))],
    ]);

    /// <summary>The curves of a group, a chart for each metric.</summary>
    public IReadOnlyList<Chart> Charts(StudyGroup group) =>
        [.. study.Options.Curves.Select(StudyCurve.Parse).Select(curve => curve.Against.Length == 0
            ? AgainstSteps(Find(curve.Metric), Members(group))
            : AgainstMetric(Find(curve.Metric), Find(curve.Against), Members(group)))];

    /// <summary>Runs that have not finished, and why.</summary>
    public IEnumerable<string> Missing =>
        from run in study.Runs
        where !run.Folder.IsFinished
        select result.Failures.TryGetValue(run.Name, out var reason) ? $"{run.Name} failed: {reason}" : $"{run.Name} has not finished";

    /// <summary>The number of runs and their time, in a sentence or two.</summary>
    public string Effort
    {
        get
        {
            var (seeds, done) = (study.Options.Seeds.Count, study.Finished);
            var time = TimeSpan.FromTicks(result.All.SelectMany(variant => variant.Records).Sum(record => record.Duration?.Ticks ?? 0));
            var each = seeds == 1 ? "one seed" : $"{seeds} seeds";
            var ended = done == study.Runs.Count ? "" : $" {done} of them have finished.";
            return $"{study.Runs.Count} runs: {study.Runs.Count / seeds} variants, {each} each.{ended} "
                + $"They took {NumberFormat.Duration(time)} in all.";
        }
    }

    IEnumerable<Metric> Metrics => study.Options.Figures.Select(Find);

    IEnumerable<(string Name, VariantResult Result)> Members(StudyGroup group) => group.Variants
        .Select(variant => (variant.Name, result[variant]))
        .Prepend((group.Base.Length > 0 ? $"{group.Base} (base)" : StudyVariant.Base.Name, result[StudyVariant.Base]));

    static Chart AgainstSteps(Metric metric, IEnumerable<(string Name, VariantResult Result)> members) =>
        new(metric.Title, "", [.. members.Select(member => member.Result.Curve(metric.Name, member.Name, metric.Scale))])
        {
            YLabel = metric.Unit,
        };

    static Chart AgainstMetric(Metric metric, Metric across, IEnumerable<(string Name, VariantResult Result)> members) =>
        new(metric.Title + " against " + InSentence(across.Title), "",
            [.. members.Select(member => member.Result.Path(metric, across, member.Name))])
        {
            XLabel = across.Unit.Split(' ')[0],
            YLabel = metric.Unit,
        };

    /// <summary>A title in the middle of a sentence: "time", but "KL from the reference".</summary>
    static string InSentence(string title) =>
        title.Length > 1 && char.IsLower(title[1]) ? char.ToLowerInvariant(title[0]) + title[1..] : title;

    ReportTable Table(string title, IEnumerable<(string Name, VariantResult Result)> members) => new(
        title,
        ["", .. Metrics.Select(Heading)],
        [.. members.Select(member => Row(member.Name, member.Result))]);

    IReadOnlyList<string> Row(string name, VariantResult variant) =>
        [Named(name, variant), .. Metrics.Select(metric => Cell(variant, metric))];

    static string Named(string name, VariantResult variant) =>
        variant.Records.Count == variant.Seeds ? name : $"{name} ({variant.Records.Count} of {Quantity.Of(variant.Seeds, "seed")})";

    string Cell(VariantResult variant, Metric metric)
    {
        var values = variant.Last(metric.Name);
        if (values.Length == 0)
            return "–";
        var std = values.Length > 1 ? $" ± {NumberFormat.Number(TwoDigits(values.StandardDeviation() * metric.Scale))}" : "";
        return metric.WithSign(NumberFormat.Number(values.Average() * metric.Scale) + std) + Compared(variant, metric);
    }

    /// <summary>A standard deviation with two digits: for a few values more digits are not significant.</summary>
    static double TwoDigits(double value)
    {
        if (value == 0)
            return 0;
        var digit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return Math.Round(value / digit) * digit;
    }

    string Compared(VariantResult variant, Metric metric)
    {
        if (variant.Variant == StudyVariant.Base || result.Difference(variant, metric.Name) is not { } difference)
            return "";
        if (result.Noise(metric.Name) is { } noise && Math.Abs(difference) <= noise)
            return " ≈";
        return $" ({(difference > 0 ? "+" : "")}{NumberFormat.Number(difference * metric.Scale)})";
    }

    static string Heading(Metric metric) => metric.Unit is "" or "%" ? metric.Title : $"{metric.Title}, {metric.Unit}";

    static string Shown(Metric metric, double? value) =>
        value is { } known ? metric.WithSign(NumberFormat.Number(known * metric.Scale)) : "–";

    Metric Find(string name) => MetricGuide.Find(name, study.Method);
}
