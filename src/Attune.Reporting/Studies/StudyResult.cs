using Attune.Reporting.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Reporting.Studies;

/// <summary>
/// The results of a study's runs, and the noise between seeds. With a few seeds, a difference between two means counts as noise unless
/// it is larger than both the range of the base over its seeds and two standard errors of such a difference, with the standard deviation
/// pooled over all variants.
/// </summary>
public sealed class StudyResult
{
    const double StandardErrors = 2;

    readonly Dictionary<StudyVariant, VariantResult> results;

    StudyResult(Study study, Dictionary<StudyVariant, VariantResult> results, IReadOnlyDictionary<string, string> failures) =>
        (Study, this.results, Failures) = (study, results, failures);

    public Study Study { get; }

    /// <summary>Why runs failed, by their names.</summary>
    public IReadOnlyDictionary<string, string> Failures { get; }

    public VariantResult this[StudyVariant variant] => results[variant];

    public IEnumerable<VariantResult> All => results.Values;

    /// <summary>Reads the logs of the finished runs.</summary>
    public static StudyResult Read(Study study, IReadOnlyDictionary<string, string> failures) => new(
        study,
        study.Runs.GroupBy(run => run.Variant).ToDictionary(
            runs => runs.Key,
            runs => new VariantResult(
                runs.Key, [.. runs.Where(run => run.Folder.IsFinished).Select(run => RunRecord.Read(run.Folder))], runs.Count())),
        failures);

    /// <summary>The range of the base's last values; null for fewer than two.</summary>
    public double? BaseRange(string metric) =>
        Base.Last(metric) is { Length: > 1 } values ? values.Max() - values.Min() : null;

    /// <summary>The size up to which a difference from the base counts as noise; null when it cannot be estimated.</summary>
    public double? Noise(string metric)
    {
        if (BaseRange(metric) is not { } range)
            return null;
        double[][] repeated = [.. All.Select(result => result.Last(metric)).Where(values => values.Length > 1)];
        var variance = repeated.Sum(values => (values.Length - 1) * values.Variance()) / repeated.Sum(values => values.Length - 1);
        return Math.Max(range, StandardErrors * Math.Sqrt(2 * variance / Base.Last(metric).Length));
    }

    /// <summary>The mean of a variant minus that of the base; null when either has no run.</summary>
    public double? Difference(VariantResult result, string metric) =>
        (result.Last(metric), Base.Last(metric)) is ({ Length: > 0 } own, { Length: > 0 } others) ? own.Average() - others.Average() : null;

    VariantResult Base => results[StudyVariant.Base];
}
