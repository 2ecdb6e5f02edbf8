using System.Text.RegularExpressions;

namespace Attune.Hub;

/// <summary>A repository of the Hugging Face Hub at a revision.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Id">OWNER/NAME.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
public sealed partial record HubRepository(HubKind Kind, string Id, string Revision = "main")
{
    /// <summary>A repository as people write it: OWNER/NAME, or OWNER/NAME@REVISION.</summary>
    /// <exception cref="InvalidDataException">The text is no name of a repository.</exception>
    public static HubRepository Parse(HubKind kind, string text) => TryParse(kind, text)
        ?? throw new InvalidDataException(
            $"a {kind.Noun()} of the Hugging Face Hub must be named OWNER/NAME or "
            + $"OWNER/NAME@REVISION, such as {(kind == HubKind.Model ? "Qwen/Qwen2.5-0.5B-Instruct" : "openai/gsm8k")} (was '{text}')");

    /// <summary>The same; null where the text is no name of a repository.</summary>
    internal static HubRepository? TryParse(HubKind kind, string text)
    {
        var at = text.IndexOf('@');
        var (id, revision) = at < 0 ? (text, "main") : (text[..at], text[(at + 1)..]);
        return IsName(id) && RevisionPattern().IsMatch(revision) && IsSafe(revision) ? new(kind, id, revision) : null;
    }

    static bool IsName(string text) => text.Length <= 96 && NamePattern().IsMatch(text) && IsSafe(text);

    /// <summary>The command that gets the repository.</summary>
    public string Command =>
        $"attune {(Kind == HubKind.Model ? "models" : "data")} get {Id}{(Revision == "main" ? "" : "@" + Revision)}";

    /// <summary>The page of the repository, relative to the Hub's address.</summary>
    internal string Page => Kind == HubKind.Model ? Id : $"datasets/{Id}";

    public override string ToString() => Revision == "main" ? Id : $"{Id}@{Revision}";

    internal string DetailsPath => $"api/{Plural}/{Id}/revision/{Uri.EscapeDataString(Revision)}?blobs=true";

    internal string FilePath(string commit, string file) =>
        $"{Page}/resolve/{commit}/{string.Join('/', file.Split('/').Select(Uri.EscapeDataString))}";

    internal string CacheName => $"{Plural}--{Id.Replace("/", "--", StringComparison.Ordinal)}";

    string Plural => Kind == HubKind.Model ? "models" : "datasets";

    static bool IsSafe(string text) =>
        !text.Contains("..", StringComparison.Ordinal) && !text.Contains("--", StringComparison.Ordinal) && !text.EndsWith('/');

    [GeneratedRegex(
        @"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_./-]*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RevisionPattern();
}
