using System.ComponentModel.DataAnnotations;

namespace Attune.Reporting.Studies;

/// <summary>The keys of a study file: what is compared, over which recipe and seeds.</summary>
public sealed record StudyOptions : IValidatableObject
{
    static readonly string[] OwnKeys = ["run.output", "output", "run.seed", "seed"];

    /// <summary>What the study asks, as the title of its report.</summary>
    public string Title { get; init; } = "";

    /// <summary>The training method; empty for the one that the recipe names.</summary>
    public string Method { get; init; } = "";

    /// <summary>The recipe file that every run starts from.</summary>
    [Required(ErrorMessage = "must name a recipe file")]
    public string Recipe { get; init; } = "";

    /// <summary>The folder of all runs: each is in VARIANT/seed-N.</summary>
    [Required(ErrorMessage = "must name a folder")]
    public string Output { get; init; } = "";

    /// <summary>Every variant is trained once with each.</summary>
    [MinLength(1, ErrorMessage = "must have at least one seed; three show how much chance does")]
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>key=value words over the recipe, in every run.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>Metrics that are drawn over steps.</summary>
    public IReadOnlyList<string> Curves { get; init; } = ["eval/score", "eval/gold", "eval/kl"];

    /// <summary>Metrics whose last values stand in the tables.</summary>
    public IReadOnlyList<string> Figures { get; init; } = ["eval/score", "eval/gold", "eval/kl", "eval/distinct", "time/seconds"];

    /// <summary>The questions; the base, which is the recipe with set alone, is trained once and shown in every group.</summary>
    public IReadOnlyList<StudyGroup> Groups { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Seeds.Count != Seeds.Distinct().Count())
            yield return new("must differ from each other", [nameof(Seeds)]);
        if (Groups.Sum(group => group.Variants.Count) == 0)
            yield return new("must have at least one group with a variant", [nameof(Groups)]);
        foreach (var word in Study.Variants(this).SelectMany(variant => variant.Set).Concat(Set))
            if (OwnKeys.Contains(word.Split('=')[0].Trim()))
                yield return new($"must leave '{word}' to output and seeds, which give every run its own", [nameof(Set)]);
        foreach (var folder in Twice(Study.Variants(this).Select(variant => variant.Folder)))
            yield return new($"must have a folder for each variant: '{folder}' is that of two ('base' is the base's)", [nameof(Groups)]);
        foreach (var folder in Twice(Groups.Select(group => FolderName.FromTitle(group.Name))))
            yield return new($"must differ in their names: two are called '{folder}'", [nameof(Groups)]);
    }

    static IEnumerable<string> Twice(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal).Where(same => same.Count() > 1 && same.Key.Length > 0).Select(same => same.Key);
}

/// <summary>Variants that answer one question.</summary>
public sealed record StudyGroup : IValidatableObject
{
    /// <summary>The question, as a heading.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the base stands for here, such as beta 0.05.</summary>
    public string Base { get; init; } = "";

    /// <summary>What is compared with the base.</summary>
    public IReadOnlyList<StudyVariant> Variants { get; init; } = [];

    /// <summary>The name as a part of a file's name.</summary>
    public string Folder => FolderName.FromTitle(Name);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Folder.Length == 0 ? [new("must have letters or digits, for it names a part of the report", [nameof(Name)])] : [];
}

/// <summary>The base with some values changed.</summary>
public sealed record StudyVariant : IValidatableObject
{
    /// <summary>Names the curve and the folder.</summary>
    public string Name { get; init; } = "";

    /// <summary>key=value words over the base.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>The recipe with what all runs have in common.</summary>
    public static StudyVariant Base { get; } = new() { Name = "base" };

    /// <summary>The name as a folder: letters, digits and points, the rest as hyphens.</summary>
    public string Folder => FolderName.FromTitle(Name);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Folder.Length == 0 ? [new("must have letters or digits, for it also names a folder", [nameof(Name)])] : [];
}
