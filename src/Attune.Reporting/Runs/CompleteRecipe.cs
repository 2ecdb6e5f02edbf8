namespace Attune.Reporting.Runs;

/// <summary>A valid recipe with all its keys, and the keys that a program which starts runs for others needs to know.</summary>
/// <param name="Text">The recipe as YAML.</param>
public sealed record CompleteRecipe(string Text)
{
    /// <summary>
    /// The keys that have rewards, tools or environments, at any depth: all that may start a program, load an assembly or call a server.
    /// </summary>
    public IReadOnlyList<string> ProgramKeys { get; init; } = [];

    /// <summary>The keys that name a file or a folder other than a model.</summary>
    public IReadOnlyList<string> FileKeys { get; init; } = [];
}
