using System.Diagnostics;
using System.Text.RegularExpressions;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>Checks the width of lines, and that the folders of a project depend on each other in one direction.</summary>
public sealed partial class SourceTests
{
    const int Columns = 140;

    static readonly string[] Kinds =
        [".cs", ".razor", ".js", ".css", ".sql", ".cpp", ".h", ".sh", ".yaml", ".csproj", ".props", ".slnx", ".md", ".txt", ".jinja"];

    /// <summary>Projects whose folders are checked.</summary>
    public static TheoryData<string> Projects => ["Attune.Training", "Attune.Reporting"];

    [Fact]
    public void Lines_OfEveryFile_HaveAtMost140Columns()
    {
        var wide = SourceFiles().SelectMany(file => File.ReadLines(Repository.PathTo(file))
            .Select((line, at) => (Place: $"{file}:{at + 1}", Line: line))
            .Where(row => row.Line.EnumerateRunes().Count() > Columns && !IsTable(file, row.Line) && !IsPublicApi(file))
            .Select(row => row.Place)).ToList();
        Assert.True(wide.Count == 0, $"{wide.Count} lines have more than {Columns} columns:\n{string.Join('\n', wide.Take(50))}");
    }

    /// <summary>
    /// Each folder is a namespace; it depends on the namespaces that its files name in using directives.
    /// </summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_OfAProject_PointOneWay(string project)
    {
        var arrows = SourceFiles()
            .Where(file => file.StartsWith($"src/{project}/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
            .SelectMany(file => Usings(File.ReadAllText(Repository.PathTo(file)), project).Select(to => (From: file.Split('/')[2], To: to)))
            .Where(arrow => arrow.From != arrow.To).ToHashSet();
        Assert.NotEmpty(arrows);
        Assert.DoesNotContain(arrows, arrow => arrows.Contains((arrow.To, arrow.From)));
    }

    static IEnumerable<string> Usings(string source, string project) => UsingDirective().Matches(source)
        .Select(match => match.Groups["name"].Value).Where(name => name.StartsWith(project + ".", StringComparison.Ordinal))
        .Select(name => name[(project.Length + 1)..].Split('.')[0]);

    /// <summary>Signatures as an analyzer writes them, one a line.</summary>
    static bool IsPublicApi(string file) => Path.GetFileName(file).StartsWith("PublicAPI.", StringComparison.Ordinal);

    static bool IsTable(string file, string line) => file.EndsWith(".md", StringComparison.Ordinal) && line.TrimStart().StartsWith('|');

    /// <summary>The text files that git tracks, without data.</summary>
    static IEnumerable<string> SourceFiles()
    {
        var start = new ProcessStartInfo("git", ["-C", Repository.Root, "ls-files"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var git = Process.Start(start)!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        return files.Where(file => Kinds.Contains(Path.GetExtension(file)) && File.Exists(Repository.PathTo(file))
            && !file.StartsWith("tests/golden/", StringComparison.Ordinal) && !file.StartsWith("data/", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^using (?<name>[\w.]+);", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UsingDirective();
}
