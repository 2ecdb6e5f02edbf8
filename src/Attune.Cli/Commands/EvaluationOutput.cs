using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Reporting.Files;
using Attune.Reporting.Pages;

namespace Attune.Cli.Commands;

/// <summary>How an <c>attune evaluate</c> command shows its result: as a table or JSON, and in files.</summary>
/// <param name="report">The description of the option <c>--report</c>; null for a command without a page.</param>
sealed class EvaluationOutput(string? report)
{
    readonly Option<string?> page = new("--report") { HelpName = "FILE", Description = report };
    readonly Option<string?> file = new("--output") { HelpName = "FILE", Description = "A JSON file to write" };
    readonly Option<bool> json = new("--json") { Description = "Print JSON instead of a table" };

    public void AddTo(Command command)
    {
        if (report is not null)
            command.Add(page);
        command.Add(file);
        command.Add(json);
    }

    /// <param name="parsed">The arguments.</param>
    /// <param name="result">The result as JSON.</param>
    /// <param name="lines">The table.</param>
    /// <param name="newPage">Makes the page, where one is written; null for a command without one.</param>
    public void Write(ParseResult parsed, JsonNode result, IEnumerable<string> lines, Func<ReportPage>? newPage = null)
    {
        var text = result.ToJsonString(JsonText.Indented);
        foreach (var line in parsed.GetValue(json) ? [text] : lines)
            Console.Out.WriteLine(line);
        if (parsed.GetValue(file) is { } output)
            AtomicWrite.File(output, text + "\n");
        if (newPage is not null && parsed.GetValue(page) is { } path)
            HtmlReport.Write(path, newPage());
    }
}
