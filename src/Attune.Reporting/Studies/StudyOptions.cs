using Attune.Reporting.Charts;

namespace Attune.Reporting.Studies;

/// <summary>The keys of a study file: what is compared, over which recipe and seeds.</summary>
public sealed record StudyOptions
{
    /// <summary>What the study asks, as the title of its report.</summary>
    public string Title { get; init; } = "";

    /// <summary>The training method; empty for the one that the recipe names.</summary>
    public string Method { get; init; } = "";

    /// <summary>The recipe file that every run starts from.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>The folder of all runs: each is in VARIANT/seed-N.</summary>
    public string Output { get; init; } = "";

    /// <summary>Every variant is trained once with each.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>key=value words over the recipe, in every run.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>Metrics that are drawn over steps.</summary>
    public IReadOnlyList<string> Curves { get; init; } = ["eval/score", "eval/gold", "eval/kl"];

    /// <summary>Metrics whose last values stand in the tables.</summary>
    public IReadOnlyList<string> Figures { get; init; } = ["eval/score", "eval/gold", "eval/kl", "eval/distinct", "time/seconds"];

    /// <summary>The questions; the base, which is the recipe with set alone, is trained once and shown in every group.</summary>
    public IReadOnlyList<StudyGroup> Groups { get; init; } = [];
}

/// <summary>Variants that answer one question.</summary>
public sealed record StudyGroup
{
    /// <summary>The question, as a heading.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the base stands for here, such as beta 0.05.</summary>
    public string Base { get; init; } = "";

    /// <summary>What is compared with the base.</summary>
    public IReadOnlyList<StudyVariant> Variants { get; init; } = [];

    /// <summary>The name as a part of a file's name.</summary>
    public string Folder => FolderName.Of(Name);
}

/// <summary>The base with some values changed.</summary>
public sealed record StudyVariant
{
    /// <summary>Names the curve and the folder.</summary>
    public string Name { get; init; } = "";

    /// <summary>key=value words over the base.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>The recipe with what all runs have in common.</summary>
    public static StudyVariant Base { get; } = new() { Name = "base" };

    /// <summary>The name as a folder: letters, digits and points, the rest as hyphens.</summary>
    public string Folder => FolderName.Of(Name);
}
