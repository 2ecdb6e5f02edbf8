using System.ComponentModel.DataAnnotations;

namespace Attune.Reporting.Studies;

/// <summary>The keys of a study file: the variants, the recipe and the seeds.</summary>
public sealed record StudyOptions : IValidatableObject
{
    static readonly string[] OwnKeys = ["run.output", "output", "run.seed", "seed"];

    /// <summary>The title of the report, such as the question of the study.</summary>
    public string Title { get; init; } = "";

    /// <summary>The training method; empty for that of the recipe.</summary>
    public string Method { get; init; } = "";

    /// <summary>The recipe file that every run starts from.</summary>
    [Required(ErrorMessage = "must name a recipe file")]
    public string Recipe { get; init; } = "";

    /// <summary>The folder of all runs: each is in VARIANT/seed-N.</summary>
    [Required(ErrorMessage = "must name a folder")]
    public string Output { get; init; } = "";

    /// <summary>The seeds; every variant is trained once with each.</summary>
    [MinLength(1, ErrorMessage = "must have at least one seed; three show the noise between seeds")]
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>key=value arguments that override the recipe in every run.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>Metrics that are drawn against steps, or against another metric: eval/gold against eval/kl.</summary>
    public IReadOnlyList<string> Curves { get; init; } = ["eval/score", "eval/gold", "eval/kl"];

    /// <summary>Metrics whose last values are in the tables.</summary>
    public IReadOnlyList<string> Figures { get; init; } = ["eval/score", "eval/gold", "eval/kl", "eval/distinct", "time/seconds"];

    /// <summary>
    /// Groups of variants, one for each question; the base, which is the recipe with set, is trained once and shown in every group.
    /// </summary>
    public IReadOnlyList<StudyGroup> Groups { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Seeds.Count != Seeds.Distinct().Count())
            yield return new("must be different", [nameof(Seeds)]);
        if (Groups.Sum(group => group.Variants.Count) == 0)
            yield return new("must have at least one group with a variant", [nameof(Groups)]);
        foreach (var word in Study.Variants(this).SelectMany(variant => variant.Set).Concat(Set))
            if (OwnKeys.Contains(word.Split('=')[0].Trim()))
                yield return new($"must not have '{word}': the keys output and seeds set it for every run", [nameof(Set)]);
        foreach (var curve in Curves.Where(curve => !StudyCurve.IsValid(curve)))
            yield return new(
                $"must have metrics such as eval/gold, or two such as 'eval/gold against eval/kl' (was '{curve}')", [nameof(Curves)]);
        foreach (var folder in Duplicates(Study.Variants(this).Select(variant => variant.Folder)))
            yield return new(
                $"must have a different folder for each variant: two have '{folder}' ('base' is the folder of the base)", [nameof(Groups)]);
        foreach (var folder in Duplicates(Groups.Select(group => FolderName.FromTitle(group.Name))))
            yield return new($"must have different names: two are called '{folder}'", [nameof(Groups)]);
    }

    static IEnumerable<string> Duplicates(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal).Where(same => same.Count() > 1 && same.Key.Length > 0).Select(same => same.Key);
}

/// <summary>Variants that answer one question.</summary>
public sealed record StudyGroup : IValidatableObject
{
    /// <summary>The question, as a heading.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the base is in this group, such as beta 0.05.</summary>
    public string Base { get; init; } = "";

    /// <summary>The variants that are compared with the base.</summary>
    public IReadOnlyList<StudyVariant> Variants { get; init; } = [];

    /// <summary>The name as a part of file names.</summary>
    public string Folder => FolderName.FromTitle(Name);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Folder.Length == 0 ? [new("must have letters or digits, because it names a part of the report", [nameof(Name)])] : [];
}

/// <summary>The base with some values changed.</summary>
public sealed record StudyVariant : IValidatableObject
{
    /// <summary>The name of the curve and of the folder.</summary>
    public string Name { get; init; } = "";

    /// <summary>Another recipe file than that of the study, also of another method; empty for the same.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>key=value arguments that override the base.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>The recipe with the overrides of all runs.</summary>
    public static StudyVariant Base { get; } = new() { Name = "base" };

    /// <summary>The name as a folder: letters, digits, dots and hyphens.</summary>
    public string Folder => FolderName.FromTitle(Name);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Folder.Length == 0 ? [new("must have letters or digits, because it also names a folder", [nameof(Name)])] : [];
}
