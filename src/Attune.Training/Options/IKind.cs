namespace Attune.Training.Options;

/// <summary>Options of one kind among several, which the key <c>kind</c> selects.</summary>
public interface IKind
{
    /// <summary>The value of <c>kind</c> in a recipe.</summary>
    string Kind { get; }
}
