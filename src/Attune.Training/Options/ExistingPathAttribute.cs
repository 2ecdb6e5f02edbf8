namespace Attune.Training.Options;

/// <summary>A path of a recipe that must exist before a run; empty for none.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ExistingPathAttribute : Attribute
{
    /// <summary>Whether it must be a folder.</summary>
    public bool IsFolder { get; init; }

    /// <summary>Whether it is what <see cref="ModelPath"/> finds.</summary>
    public bool IsModel { get; init; }
}
