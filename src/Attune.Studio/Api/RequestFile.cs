namespace Attune.Studio.Api;

/// <summary>Marks a route whose request body is a file.</summary>
/// <param name="ContentTypes">The types of files that it reads.</param>
sealed record RequestFile(IReadOnlyList<string> ContentTypes);
